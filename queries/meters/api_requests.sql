-- name: api_requests
-- title: Billable requests
-- grain: one row per API key and hour
-- owner: billing
-- param: start timestamp
-- param: end timestamp
SELECT
    'api_key' AS subject_type,
    api_key_id AS subject_id,
    date_trunc('hour', event_time) AS hour,
    '' AS dimension,
    CAST(count(*) AS decimal(38, 0)) AS quantity,
    count(*) AS events
FROM billable_requests
WHERE
    event_time >= :start
    AND event_time < :end
GROUP BY api_key_id, date_trunc('hour', event_time)
