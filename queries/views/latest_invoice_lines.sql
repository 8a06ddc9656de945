-- name: latest_invoice_lines
-- title: The invoice lines that stand
-- description: Of each period the lines of its newest published revision, as a whole: what an earlier revision billed and this one does not is not there. A revision that two runs published at the same instant counts once.
-- grain: one row per invoice line
-- owner: billing
SELECT DISTINCT
    period,
    revision,
    published_at,
    status,
    invoice_id,
    customer_id,
    customer_name,
    currency,
    line_number,
    charge_id,
    plan_id,
    plan_version,
    meter,
    dimension,
    quantity,
    amount,
    amount_exact
FROM (
    SELECT
        period,
        revision,
        published_at,
        status,
        invoice_id,
        customer_id,
        customer_name,
        currency,
        line_number,
        charge_id,
        plan_id,
        plan_version,
        meter,
        dimension,
        quantity,
        amount,
        amount_exact,
        rank() OVER (PARTITION BY period ORDER BY published_at DESC, revision DESC) AS age
    FROM invoice_lines
) AS ranked
WHERE age = 1 AND line_number > 0
