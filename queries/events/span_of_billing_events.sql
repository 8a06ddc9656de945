-- name: span_of_billing_events
-- title: From when to when the batch's good lines of billing_events reach
-- grain: one row; NULL where there is no good line
-- owner: billing
SELECT
    count(*) AS lines,
    min(CASE WHEN reason IS NULL THEN event_time END) AS first_event,
    max(CASE WHEN reason IS NULL THEN event_time END) AS last_event
FROM landed_billing_events
