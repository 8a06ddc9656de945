-- name: drop_vanished_usage
-- title: Rows that a meter does not return any more
-- description: Runs before merge_usage_hourly: a meter that filters groups (HAVING, say) may take back what it said of an hour.
-- grain: one row per meter, subject, hour and dimension
-- owner: billing
-- param: meter varchar
-- param: start timestamp
-- param: end timestamp
DELETE FROM usage_hourly
WHERE
    meter = :meter
    AND hour >= :start
    AND hour < :end
    AND NOT EXISTS (
        SELECT 1
        FROM meter_rows AS m
        WHERE
            m.subject_type = usage_hourly.subject_type
            AND m.subject_id = usage_hourly.subject_id
            AND m.hour = usage_hourly.hour
            AND coalesce(m.dimension, '') = usage_hourly.dimension
    )
