-- name: quarantine_api_requests
-- title: Access-log lines that cannot be billed
-- description: Takes the bad lines of the batch, and the lines whose id is taken with other content. Runs after merge_api_requests, so that what stays is known.
-- grain: one row per object, text and reason
-- owner: billing
-- param: ingested_at timestamp
-- param: window_start timestamp
-- param: window_end timestamp
MERGE INTO quarantine AS t
USING (
    SELECT object_key, substr(line, 1, 65536) AS line, reason, count(*) AS occurrences
    FROM (
        SELECT object_key, line, reason
        FROM landed_api_requests
        WHERE reason IS NOT NULL
        UNION ALL
        SELECT l.object_key, l.line, 'id was already taken with other content' AS reason
        FROM landed_api_requests AS l
        INNER JOIN api_requests AS e
            ON l.request_id = e.request_id AND e.event_time >= :window_start AND e.event_time < :window_end
        WHERE l.reason IS NULL AND l.content_hash <> e.content_hash
    ) AS refused
    GROUP BY object_key, substr(line, 1, 65536), reason
) AS s
    ON t.source = 'api_requests' AND t.object_key = s.object_key AND t.line = s.line AND t.reason = s.reason
WHEN MATCHED AND t.occurrences <> s.occurrences THEN UPDATE SET occurrences = s.occurrences
WHEN NOT MATCHED THEN INSERT (
    source,
    object_key,
    line,
    occurrences,
    reason,
    first_seen_at
) VALUES (
    'api_requests',
    s.object_key,
    s.line,
    s.occurrences,
    s.reason,
    :ingested_at
)
