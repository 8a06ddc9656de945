-- name: drop_meter_usage
-- title: Usage of a meter that is gone or was computed by other SQL
-- grain: one row per meter, subject, hour and dimension
-- owner: billing
-- param: meter varchar
DELETE FROM usage_hourly
WHERE meter = :meter
