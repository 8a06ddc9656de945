-- name: quarantine_open
-- title: Lines in quarantine
-- description: Each may be usage that is not billed. Look at the lines with `usagelake query quarantined_lines`.
-- grain: one row per source, reason and object
-- owner: billing
SELECT
    source,
    reason,
    object_key,
    sum(occurrences) AS lines,
    min(first_seen_at) AS first_seen_at,
    min(substr(line, 1, 120)) AS example
FROM quarantine
GROUP BY source, reason, object_key
ORDER BY source, reason, object_key
