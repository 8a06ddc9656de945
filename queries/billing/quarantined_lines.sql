-- name: quarantined_lines
-- title: Everything in quarantine
-- grain: one row per object, text and reason
-- owner: billing
SELECT source, object_key, line, occurrences, reason, first_seen_at
FROM quarantine
ORDER BY source, object_key, reason, line
