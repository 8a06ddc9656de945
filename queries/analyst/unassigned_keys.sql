-- name: unassigned_keys
-- title: Subjects that nobody pays for
-- description: Usage in hours in which its subject was assigned to no customer. Add the subject to customers.csv, or say that it is internal.
-- grain: one row per subject and meter
-- owner: billing
-- param: start timestamp -- the first instant
-- param: end timestamp -- the first instant after it
SELECT
    u.subject_type,
    u.subject_id,
    u.meter,
    sum(u.quantity) AS quantity,
    sum(u.events) AS events,
    min(u.hour) AS first_hour,
    max(u.hour) AS last_hour
FROM usage_hourly AS u
WHERE
    u.hour >= :start
    AND u.hour < :end
    AND NOT EXISTS (
        SELECT 1
        FROM customers AS c
        WHERE
            c.subject_type = u.subject_type
            AND c.subject_id = u.subject_id
            AND u.hour >= c.valid_from
            AND (c.valid_to IS NULL OR u.hour < c.valid_to)
    )
GROUP BY u.subject_type, u.subject_id, u.meter
ORDER BY events DESC, u.subject_type, u.subject_id, u.meter
