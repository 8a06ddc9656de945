-- name: record_objects
-- title: Objects that were taken
-- description: Remembers each object of the batch with the number of lines that it held. Runs last, so that an object counts as taken only when its lines are.
-- grain: one row per object key and ETag
-- owner: billing
-- param: ingested_at timestamp
MERGE INTO ingested_objects AS t
USING (
    SELECT o.object_key, o.etag, o.bytes, o.version, coalesce(l.lines, BIGINT '0') AS lines
    FROM batch_objects AS o
    LEFT JOIN (
        SELECT object_key, count(*) AS lines
        FROM (
            SELECT object_key FROM landed_api_requests
            UNION ALL
            SELECT object_key FROM landed_billing_events
        ) AS landed
        GROUP BY object_key
    ) AS l ON o.object_key = l.object_key
) AS s
    ON t.object_key = s.object_key AND t.etag = s.etag
WHEN MATCHED AND t.version <> s.version THEN UPDATE SET version = s.version
WHEN NOT MATCHED THEN INSERT (
    object_key,
    etag,
    bytes,
    lines,
    ingested_at,
    version
) VALUES (
    s.object_key,
    s.etag,
    s.bytes,
    s.lines,
    :ingested_at,
    s.version
)
