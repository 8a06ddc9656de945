-- name: idle_subjects
-- title: Assigned subjects without usage
-- description: Keys and resources that a customer had in the span and did not use. Flat charges are due all the same.
-- grain: one row per assignment
-- owner: billing
-- param: start timestamp -- the first instant
-- param: end timestamp -- the first instant after it
SELECT c.customer_id, c.customer_name, c.plan_id, c.subject_type, c.subject_id, c.valid_from, c.valid_to
FROM customers AS c
WHERE
    c.valid_from < :end
    AND (c.valid_to IS NULL OR c.valid_to > :start)
    AND NOT EXISTS (
        SELECT 1
        FROM usage_hourly AS u
        WHERE
            u.subject_type = c.subject_type
            AND u.subject_id = c.subject_id
            AND u.hour >= :start
            AND u.hour < :end
            AND u.hour >= c.valid_from
            AND (c.valid_to IS NULL OR u.hour < c.valid_to)
    )
ORDER BY c.customer_id, c.subject_type, c.subject_id, c.valid_from
