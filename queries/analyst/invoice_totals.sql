-- name: invoice_totals
-- title: What each customer owes for a period
-- description: The totals of the invoices that stand, the largest first; a customer whose invoice has no line is not listed. usage and fees add up to the total.
-- grain: one row per customer
-- owner: billing
-- param: period varchar -- the month, such as 2025-10
SELECT
    customer_id,
    max(customer_name) AS customer_name,
    currency,
    count(*) AS lines,
    sum(CASE WHEN meter IS NULL THEN DECIMAL '0' ELSE amount END) AS usage,
    sum(CASE WHEN meter IS NULL THEN amount ELSE DECIMAL '0' END) AS fees,
    sum(amount) AS total
FROM latest_invoice_lines
WHERE period = :period
GROUP BY customer_id, currency
ORDER BY total DESC, customer_id
