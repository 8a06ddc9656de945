-- name: objects_that_changed
-- title: Objects that were rewritten after they had been taken
-- description: The landing is append-only. An object with a second content may hold lines that replaced others.
-- grain: one row per object key
-- owner: billing
SELECT
    object_key,
    count(DISTINCT etag) AS contents,
    min(ingested_at) AS first_ingested_at,
    max(ingested_at) AS last_ingested_at
FROM ingested_objects
GROUP BY object_key
HAVING count(DISTINCT etag) > 1
ORDER BY object_key
