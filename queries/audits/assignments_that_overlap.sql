-- name: assignments_that_overlap
-- title: Subjects that are assigned twice at a time
-- description: Their usage would stand on two invoices.
-- grain: one row per pair of assignments
-- owner: billing
SELECT
    a.subject_type,
    a.subject_id,
    a.customer_id,
    a.valid_from,
    a.valid_to,
    b.customer_id AS other_customer_id,
    b.valid_from AS other_valid_from,
    b.valid_to AS other_valid_to
FROM customers AS a
INNER JOIN customers AS b
    ON
        a.subject_type = b.subject_type
        AND a.subject_id = b.subject_id
        AND (a.valid_to IS NULL OR b.valid_from < a.valid_to)
        AND (b.valid_to IS NULL OR a.valid_from < b.valid_to)
WHERE
    a.valid_from < b.valid_from
    OR (a.valid_from = b.valid_from AND (a.customer_id < b.customer_id OR a.plan_id < b.plan_id))
ORDER BY a.subject_type, a.subject_id, a.valid_from, b.valid_from
