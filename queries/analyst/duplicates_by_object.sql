-- name: duplicates_by_object
-- title: Landing objects with lines that were already taken
-- description: A line is a duplicate when its id and its text were taken from another line before; it counts once. Many of them under one prefix point to a shipper that retries under new keys.
-- grain: one row per landing object with duplicates
-- owner: billing
-- param: rows bigint = 100 -- how many objects to show
WITH kept AS (
    SELECT object_key, count(*) AS events
    FROM (
        SELECT object_key FROM api_requests
        UNION ALL
        SELECT object_key FROM billing_events
    ) AS events
    GROUP BY object_key
),

refused AS (
    SELECT object_key, sum(occurrences) AS lines
    FROM quarantine
    GROUP BY object_key
),

counted AS (
    SELECT
        o.object_key,
        o.lines,
        coalesce(k.events, BIGINT '0') AS events,
        coalesce(r.lines, BIGINT '0') AS quarantined
    FROM (SELECT object_key, sum(lines) AS lines FROM ingested_objects GROUP BY object_key) AS o
    LEFT JOIN kept AS k ON o.object_key = k.object_key
    LEFT JOIN refused AS r ON o.object_key = r.object_key
)

SELECT
    object_key,
    split_part(object_key, '/', 1) AS prefix,
    lines,
    events,
    quarantined,
    lines - events - quarantined AS duplicates
FROM counted
WHERE lines > events + quarantined
ORDER BY duplicates DESC, object_key
LIMIT :rows
