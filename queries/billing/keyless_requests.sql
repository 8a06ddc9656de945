-- name: keyless_requests
-- title: Requests without an API key
-- grain: one row
-- owner: billing
-- param: start timestamp
-- param: end timestamp
SELECT count(*) AS requests
FROM api_requests
WHERE event_time >= :start AND event_time < :end AND api_key_id IS NULL
