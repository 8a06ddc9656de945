-- name: cost_by_meter
-- title: What each meter brings in, by plan
-- description: Quantities and amounts of the invoices that stand. Fees and minimums have no meter and stand as '-'.
-- grain: one row per meter, dimension and plan
-- owner: billing
-- param: period varchar -- the month, such as 2025-10
SELECT
    coalesce(meter, '-') AS meter,
    coalesce(dimension, '') AS dimension,
    plan_id,
    currency,
    count(DISTINCT customer_id) AS customers,
    sum(quantity) AS quantity,
    sum(amount) AS amount
FROM latest_invoice_lines
WHERE period = :period
GROUP BY coalesce(meter, '-'), coalesce(dimension, ''), plan_id, currency
ORDER BY amount DESC, meter, dimension, plan_id, currency
