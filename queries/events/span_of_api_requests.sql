-- name: span_of_api_requests
-- title: From when to when the batch's good lines of api_requests reach
-- grain: one row; NULL where there is no good line
-- owner: billing
SELECT
    count(*) AS lines,
    min(CASE WHEN reason IS NULL THEN event_time END) AS first_event,
    max(CASE WHEN reason IS NULL THEN event_time END) AS last_event
FROM landed_api_requests
