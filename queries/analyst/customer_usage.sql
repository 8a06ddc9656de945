-- name: customer_usage
-- title: What one customer used, by meter and dimension
-- description: The quantities behind an invoice, before prices. Compare them with the invoice's lines when a customer asks.
-- grain: one row per meter, dimension and subject
-- owner: billing
-- param: customer varchar -- the customer's id
-- param: start timestamp -- the first instant
-- param: end timestamp -- the first instant after it
SELECT
    u.meter,
    u.dimension,
    u.subject_type,
    u.subject_id,
    sum(u.quantity) AS quantity,
    sum(u.events) AS events,
    min(u.hour) AS first_hour,
    max(u.hour) AS last_hour
FROM usage_hourly AS u
INNER JOIN customers AS c
    ON
        u.subject_type = c.subject_type
        AND u.subject_id = c.subject_id
        AND u.hour >= c.valid_from
        AND (c.valid_to IS NULL OR u.hour < c.valid_to)
WHERE c.customer_id = :customer AND u.hour >= :start AND u.hour < :end
GROUP BY u.meter, u.dimension, u.subject_type, u.subject_id
ORDER BY u.meter, u.dimension, quantity DESC, u.subject_id
