-- name: rolled_meters
-- title: The meters that usage_hourly holds, each with the digest of its SQL
-- grain: one row per meter
-- owner: billing
SELECT meter, digest
FROM rolled_meters
ORDER BY meter
