-- name: month_to_date_against_last_month
-- title: This month so far against the same span of last month
-- description: Both months from their first instant to the same day and hour; where last month has no such day, to its end. percent_change is empty when there was nothing last month.
-- grain: one row per meter
-- owner: billing
-- param: as_of timestamp -- up to when, for instance now
WITH spans AS (
    SELECT
        meter,
        sum(quantity) FILTER (WHERE hour >= date_trunc('month', :as_of)) AS this_month,
        sum(quantity) FILTER (WHERE hour < date_trunc('month', :as_of)) AS last_month
    FROM usage_hourly
    WHERE
        hour >= date_add('month', -1, date_trunc('month', :as_of))
        AND hour < :as_of
        AND (hour >= date_trunc('month', :as_of) OR hour < date_add('month', -1, :as_of))
    GROUP BY meter
)

SELECT
    meter,
    coalesce(this_month, CAST(0 AS decimal(38, 0))) AS this_month,
    coalesce(last_month, CAST(0 AS decimal(38, 0))) AS last_month,
    round(
        100e0 * CAST(coalesce(this_month, CAST(0 AS decimal(38, 0))) AS double)
        / nullif(CAST(last_month AS double), 0e0) - 100e0,
        1
    ) AS percent_change
FROM spans
ORDER BY meter
