-- name: stale_hours
-- title: Hours that wait for roll-up
-- grain: one row per source and hour
-- owner: billing
SELECT source, hour, marked_at
FROM stale_hours
ORDER BY source, hour
