-- name: lake_counts
-- title: What the lake holds
-- description: Counted from the tables, never from a run's own tally. An object is unreadable when an engine cannot read it whole: damaged gzip, text that is not UTF-8, a line above the limit; its good lines are kept all the same.
-- grain: one row
-- owner: billing
SELECT
    (SELECT count(*) FROM ingested_objects) AS objects,
    (
        SELECT count(DISTINCT object_key)
        FROM quarantine
        WHERE reason IN ('gzip data is damaged', 'line is not valid UTF-8', 'line is longer than 1 MiB')
    ) AS unreadable_objects,
    (SELECT coalesce(CAST(sum(lines) AS bigint), BIGINT '0') FROM ingested_objects) AS lines,
    (SELECT count(*) FROM api_requests) AS api_requests,
    (SELECT count(*) FROM billing_events) AS billing_events,
    (SELECT coalesce(CAST(sum(occurrences) AS bigint), BIGINT '0') FROM quarantine) AS quarantined
