-- name: taken_objects
-- title: Objects that need not be read again
-- grain: one row per object key and ETag
-- owner: billing
SELECT object_key, bytes, version
FROM ingested_objects
