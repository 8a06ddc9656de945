-- name: impossible_usage
-- title: Usage rows that cannot be right
-- description: A negative quantity, no events, an hour that is none, a meter that was never rolled up, or the same row twice.
-- grain: one row per meter, subject, hour and dimension
-- owner: billing
SELECT
    u.meter,
    u.subject_type,
    u.subject_id,
    u.hour,
    u.dimension,
    count(*) AS rows_found,
    sum(u.quantity) AS quantity,
    sum(u.events) AS events
FROM usage_hourly AS u
GROUP BY u.meter, u.subject_type, u.subject_id, u.hour, u.dimension
HAVING
    count(*) > 1
    OR min(u.quantity) < 0
    OR min(u.events) < 1
    OR u.hour <> date_trunc('hour', u.hour)
    OR u.meter NOT IN (SELECT meter FROM rolled_meters)
ORDER BY u.meter, u.subject_type, u.subject_id, u.hour, u.dimension
