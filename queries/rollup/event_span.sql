-- name: event_span
-- title: From when to when the events reach
-- grain: one row; NULL where there is no event
-- owner: billing
SELECT min(event_time) AS first_event, max(event_time) AS last_event
FROM (
    SELECT min(event_time) AS event_time FROM api_requests
    UNION ALL
    SELECT max(event_time) AS event_time FROM api_requests
    UNION ALL
    SELECT min(event_time) AS event_time FROM billing_events
    UNION ALL
    SELECT max(event_time) AS event_time FROM billing_events
) AS ends
