-- name: invoice_revisions
-- title: How a period's drafts have moved
-- description: Every published revision of a period's invoices, the newest first, with its total and how it differs from the one before.
-- grain: one row per published revision
-- owner: billing
-- param: period varchar -- the month, such as 2025-10
WITH published AS (
    SELECT
        published_at,
        revision,
        currency,
        count(DISTINCT nullif(customer_id, '')) AS customers,
        count(nullif(line_number, 0)) AS lines,
        sum(amount) AS total
    FROM invoice_lines
    WHERE period = :period
    GROUP BY published_at, revision, currency
)

SELECT
    published_at,
    revision,
    customers,
    lines,
    currency,
    total,
    total - lag(total) OVER (PARTITION BY currency ORDER BY published_at, revision) AS changed_by
FROM published
ORDER BY published_at DESC, revision DESC, currency
