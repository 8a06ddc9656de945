-- name: quarantine_reasons
-- title: Why lines are in quarantine
-- grain: one row per source and reason
-- owner: billing
SELECT
    source,
    reason,
    CAST(sum(occurrences) AS bigint) AS lines,
    min(object_key) AS example_object
FROM quarantine
GROUP BY source, reason
ORDER BY source, reason
