-- name: usage_totals
-- title: Usage of a span of time, ready to be priced
-- grain: one row per meter, subject and dimension
-- owner: billing
-- param: start timestamp
-- param: end timestamp
SELECT
    meter,
    subject_type,
    subject_id,
    dimension,
    sum(quantity) AS quantity,
    CAST(sum(events) AS bigint) AS events
FROM usage_hourly
WHERE hour >= :start AND hour < :end
GROUP BY meter, subject_type, subject_id, dimension
ORDER BY meter, subject_type, subject_id, dimension
