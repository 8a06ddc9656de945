-- name: lines_unaccounted_for
-- title: Objects that gave more rows than they have lines
-- description: An object's lines are events, duplicates or quarantined; events and quarantined lines alone can never be more than all.
-- grain: one row per object key
-- owner: billing
WITH used AS (
    SELECT object_key, sum(lines) AS lines
    FROM (
        SELECT object_key, BIGINT '1' AS lines FROM api_requests
        UNION ALL
        SELECT object_key, BIGINT '1' AS lines FROM billing_events
        UNION ALL
        SELECT object_key, occurrences AS lines FROM quarantine
    ) AS parts
    GROUP BY object_key
)

SELECT o.object_key, o.lines, u.lines AS rows_found
FROM (SELECT object_key, sum(lines) AS lines FROM ingested_objects GROUP BY object_key) AS o
INNER JOIN used AS u ON o.object_key = u.object_key
WHERE u.lines > o.lines
ORDER BY o.object_key
