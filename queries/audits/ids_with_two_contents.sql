-- name: ids_with_two_contents
-- title: Ids that were taken with different contents
-- description: Within an event's days this goes to quarantine; found here, the second content said another day and escaped. Only the sender can say which one is true, so closing waits.
-- grain: one row per id
-- owner: billing
WITH contents AS (
    SELECT 'api_requests' AS source, request_id AS id, content_hash, event_time, object_key FROM api_requests
    UNION ALL
    SELECT 'billing_events' AS source, event_id AS id, content_hash, event_time, object_key FROM billing_events
)

SELECT
    source,
    id,
    count(DISTINCT content_hash) AS contents,
    min(event_time) AS first_event,
    max(event_time) AS last_event,
    min_by(object_key, event_time) AS first_object,
    max_by(object_key, event_time) AS last_object
FROM contents
GROUP BY source, id
HAVING count(DISTINCT content_hash) > 1
ORDER BY source, id
