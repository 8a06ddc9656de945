-- name: duplicates_left
-- title: Ids that stand more than once in an event table
-- description: Each is billed twice. Ingest takes an id once within its event days; this looks at the whole table.
-- grain: one row per id
-- owner: billing
WITH ids AS (
    SELECT 'api_requests' AS source, request_id AS id, event_time, object_key FROM api_requests
    UNION ALL
    SELECT 'billing_events' AS source, event_id AS id, event_time, object_key FROM billing_events
)

SELECT
    source,
    id,
    count(*) AS rows_found,
    min(event_time) AS first_event,
    max(event_time) AS last_event,
    min(object_key) AS an_object,
    max(object_key) AS another_object
FROM ids
GROUP BY source, id
HAVING count(*) > 1
ORDER BY source, id
