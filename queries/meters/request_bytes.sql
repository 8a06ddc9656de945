-- name: request_bytes
-- title: Bytes received from the caller by billable requests, where an authorizer reports them
-- grain: one row per API key and hour
-- owner: billing
-- param: start timestamp
-- param: end timestamp
SELECT
    'api_key' AS subject_type,
    api_key_id AS subject_id,
    date_trunc('hour', event_time) AS hour,
    '' AS dimension,
    sum(CAST(request_bytes AS decimal(38, 0))) AS quantity,
    count(*) AS events
FROM billable_requests
WHERE
    event_time >= :start
    AND event_time < :end
    AND request_bytes IS NOT NULL
GROUP BY api_key_id, date_trunc('hour', event_time)
