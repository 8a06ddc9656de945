-- name: events_without_object
-- title: Events whose object was not recorded
-- description: Each event must be provable from an object that the manifest names.
-- grain: one row per source and object key
-- owner: billing
WITH kept AS (
    SELECT 'api_requests' AS source, object_key, count(*) AS events FROM api_requests GROUP BY object_key
    UNION ALL
    SELECT 'billing_events' AS source, object_key, count(*) AS events FROM billing_events GROUP BY object_key
)

SELECT k.source, k.object_key, k.events
FROM kept AS k
WHERE NOT EXISTS (SELECT 1 FROM ingested_objects AS o WHERE o.object_key = k.object_key)
ORDER BY k.source, k.object_key
