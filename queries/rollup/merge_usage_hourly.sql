-- name: merge_usage_hourly
-- title: A meter's hours, rolled up
-- description: Sets, never adds: run twice, it changes nothing. meter_rows holds the meter's rows for the window.
-- grain: one row per meter, subject, hour and dimension
-- owner: billing
-- param: meter varchar
-- param: start timestamp
-- param: end timestamp
-- param: computed_at timestamp
MERGE INTO usage_hourly AS t
USING (
    SELECT
        subject_type,
        subject_id,
        hour,
        coalesce(dimension, '') AS dimension,
        sum(CAST(quantity AS decimal(38, 0))) AS quantity,
        CAST(sum(events) AS bigint) AS events
    FROM meter_rows
    WHERE hour >= :start AND hour < :end
    GROUP BY subject_type, subject_id, hour, coalesce(dimension, '')
) AS s
    ON
        t.meter = :meter
        AND t.hour >= :start
        AND t.hour < :end
        AND t.subject_type = s.subject_type
        AND t.subject_id = s.subject_id
        AND t.hour = s.hour
        AND t.dimension = s.dimension
WHEN MATCHED AND (t.quantity <> s.quantity OR t.events <> s.events)
    THEN UPDATE SET quantity = s.quantity, events = s.events, computed_at = :computed_at
WHEN NOT MATCHED THEN INSERT (
    meter,
    subject_type,
    subject_id,
    hour,
    dimension,
    quantity,
    events,
    computed_at
) VALUES (
    :meter,
    s.subject_type,
    s.subject_id,
    s.hour,
    s.dimension,
    s.quantity,
    s.events,
    :computed_at
)
