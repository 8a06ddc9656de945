-- name: top_customers
-- title: Customers by usage of one meter
-- description: Who uses most, and what share of all assigned usage that is. Usage counts for the customer that the subject was assigned to in that hour.
-- grain: one row per customer
-- owner: billing
-- param: start timestamp -- the first instant
-- param: end timestamp -- the first instant after it
-- param: meter varchar = api_requests -- which meter to rank by
-- param: rows bigint = 20 -- how many customers to show
WITH used AS (
    SELECT c.customer_id, max(c.customer_name) AS customer_name, sum(u.quantity) AS quantity, sum(u.events) AS events
    FROM usage_hourly AS u
    INNER JOIN customers AS c
        ON
            u.subject_type = c.subject_type
            AND u.subject_id = c.subject_id
            AND u.hour >= c.valid_from
            AND (c.valid_to IS NULL OR u.hour < c.valid_to)
    WHERE u.meter = :meter AND u.hour >= :start AND u.hour < :end
    GROUP BY c.customer_id
)

SELECT
    customer_id,
    customer_name,
    quantity,
    events,
    round(100e0 * CAST(quantity AS double) / nullif(CAST(sum(quantity) OVER () AS double), 0e0), 2) AS percent_of_all
FROM used
ORDER BY quantity DESC, customer_id
LIMIT :rows
