-- name: usage_spikes
-- title: Days far above a subject's own average
-- description: Compares each day with the mean of the subject's days before it in the span, at least three of them. A leaked key looks like this, and so does a bill that will be disputed.
-- grain: one row per day, subject and meter
-- owner: billing
-- param: start timestamp -- the first instant
-- param: end timestamp -- the first instant after it
-- param: factor bigint = 5 -- how many times the average is a spike
WITH days AS (
    SELECT
        CAST(date_trunc('day', hour) AS date) AS day,
        subject_type,
        subject_id,
        meter,
        CAST(sum(quantity) AS double) AS quantity
    FROM usage_hourly
    WHERE hour >= :start AND hour < :end
    GROUP BY CAST(date_trunc('day', hour) AS date), subject_type, subject_id, meter
),

compared AS (
    SELECT
        day,
        subject_type,
        subject_id,
        meter,
        quantity,
        avg(quantity) OVER (
            PARTITION BY subject_type, subject_id, meter
            ORDER BY day ROWS BETWEEN 7 PRECEDING AND 1 PRECEDING
        ) AS usual,
        count(*) OVER (
            PARTITION BY subject_type, subject_id, meter
            ORDER BY day ROWS BETWEEN 7 PRECEDING AND 1 PRECEDING
        ) AS days_before
    FROM days
)

SELECT day, subject_type, subject_id, meter, quantity, round(usual, 1) AS mean_of_days_before
FROM compared
WHERE days_before >= 3 AND quantity > :factor * usual
ORDER BY day, subject_type, subject_id, meter
