-- name: daily_usage_per_key_and_meter
-- title: Daily usage per subject and meter
-- grain: one row per day, subject and meter
-- owner: billing
-- param: start timestamp -- the first instant
-- param: end timestamp -- the first instant after it
SELECT
    CAST(date_trunc('day', hour) AS date) AS day,
    subject_type,
    subject_id,
    meter,
    sum(quantity) AS quantity,
    sum(events) AS events
FROM usage_hourly
WHERE hour >= :start AND hour < :end
GROUP BY CAST(date_trunc('day', hour) AS date), subject_type, subject_id, meter
ORDER BY day, subject_type, subject_id, meter
