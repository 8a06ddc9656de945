-- name: manifest
-- title: The objects that invoices rest on
-- grain: one row per object key and ETag
-- owner: billing
SELECT object_key, etag
FROM ingested_objects
ORDER BY object_key, etag
