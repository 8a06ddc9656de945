-- name: usage_without_customer
-- title: Usage that no customer pays for
-- description: Hours of usage whose subject was assigned to nobody at that time.
-- grain: one row per subject and meter
-- owner: billing
-- param: start timestamp -- the first instant
-- param: end timestamp -- the first instant after it
SELECT
    u.subject_type,
    u.subject_id,
    u.meter,
    sum(u.quantity) AS quantity,
    min(u.hour) AS first_hour,
    max(u.hour) AS last_hour
FROM usage_hourly AS u
LEFT JOIN customers AS c
    ON
        u.subject_type = c.subject_type
        AND u.subject_id = c.subject_id
        AND u.hour >= c.valid_from
        AND (c.valid_to IS NULL OR u.hour < c.valid_to)
WHERE u.hour >= :start AND u.hour < :end AND c.customer_id IS NULL
GROUP BY u.subject_type, u.subject_id, u.meter
ORDER BY u.subject_type, u.subject_id, u.meter
