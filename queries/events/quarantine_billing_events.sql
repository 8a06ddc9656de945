-- name: quarantine_billing_events
-- title: Billing events that cannot be billed
-- description: Takes the bad lines of the batch, and the lines whose id is taken with other content. Runs after merge_billing_events, so that what stays is known.
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
        FROM landed_billing_events
        WHERE reason IS NOT NULL
        UNION ALL
        SELECT l.object_key, l.line, 'id was already taken with other content' AS reason
        FROM landed_billing_events AS l
        INNER JOIN billing_events AS e
            ON l.event_id = e.event_id AND e.event_time >= :window_start AND e.event_time < :window_end
        WHERE l.reason IS NULL AND l.content_hash <> e.content_hash
    ) AS refused
    GROUP BY object_key, substr(line, 1, 65536), reason
) AS s
    ON t.source = 'billing_events' AND t.object_key = s.object_key AND t.line = s.line AND t.reason = s.reason
WHEN MATCHED AND t.occurrences <> s.occurrences THEN UPDATE SET occurrences = s.occurrences
WHEN NOT MATCHED THEN INSERT (
    source,
    object_key,
    line,
    occurrences,
    reason,
    first_seen_at
) VALUES (
    'billing_events',
    s.object_key,
    s.line,
    s.occurrences,
    s.reason,
    :ingested_at
)
