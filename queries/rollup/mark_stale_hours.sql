-- name: mark_stale_hours
-- title: Hours that must be rolled up again
-- description: Marks the hours that the batch's good lines fall into. A mark stands until roll-up has been done for it, whatever happens between.
-- grain: one row per source and hour
-- owner: billing
-- param: ingested_at timestamp
MERGE INTO stale_hours AS t
USING (
    SELECT DISTINCT 'api_requests' AS source, date_trunc('hour', event_time) AS hour
    FROM landed_api_requests
    WHERE reason IS NULL
    UNION
    SELECT DISTINCT 'billing_events' AS source, date_trunc('hour', event_time) AS hour
    FROM landed_billing_events
    WHERE reason IS NULL
) AS s
    ON t.source = s.source AND t.hour = s.hour
WHEN MATCHED THEN UPDATE SET marked_at = :ingested_at
WHEN NOT MATCHED THEN INSERT (source, hour, marked_at) VALUES (s.source, s.hour, :ingested_at)
