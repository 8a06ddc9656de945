-- name: usage_of_period
-- title: Hourly usage of a span of time
-- grain: one row per meter, subject, hour and dimension
-- owner: billing
-- param: start timestamp
-- param: end timestamp
SELECT
    meter,
    subject_type,
    subject_id,
    hour,
    dimension,
    quantity,
    events,
    computed_at
FROM usage_hourly
WHERE hour >= :start AND hour < :end
ORDER BY meter, subject_type, subject_id, hour, dimension
