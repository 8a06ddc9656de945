-- name: events_ahead_of_their_ingest
-- title: Events from the future
-- description: They happened after they were ingested, so their clock is wrong, and so may be their period.
-- grain: one row per source and object
-- owner: billing
-- param: hours_ahead bigint = 1 -- how far a sender's clock may be ahead
WITH events AS (
    SELECT 'api_requests' AS source, object_key, event_time, ingested_at FROM api_requests
    UNION ALL
    SELECT 'billing_events' AS source, object_key, event_time, ingested_at FROM billing_events
)

SELECT source, object_key, count(*) AS events, max(event_time) AS last_event, min(ingested_at) AS ingested_at
FROM events
WHERE event_time > date_add('hour', :hours_ahead, ingested_at)
GROUP BY source, object_key
ORDER BY source, object_key
