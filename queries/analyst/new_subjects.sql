-- name: new_subjects
-- title: Subjects seen for the first time
-- description: Keys and resources whose first usage falls into the span, with the customer who has them, if any.
-- grain: one row per subject and customer
-- owner: billing
-- param: start timestamp -- the first instant
-- param: end timestamp -- the first instant after it
WITH seen AS (
    SELECT subject_type, subject_id, min(hour) AS first_hour, sum(events) AS events
    FROM usage_hourly
    WHERE hour < :end
    GROUP BY subject_type, subject_id
)

SELECT s.subject_type, s.subject_id, s.first_hour, s.events, c.customer_id
FROM seen AS s
LEFT JOIN customers AS c
    ON
        s.subject_type = c.subject_type
        AND s.subject_id = c.subject_id
        AND s.first_hour >= c.valid_from
        AND (c.valid_to IS NULL OR s.first_hour < c.valid_to)
WHERE s.first_hour >= :start
ORDER BY s.first_hour, s.subject_type, s.subject_id, c.customer_id
