-- name: metered_events
-- title: How many events some meters have counted
-- grain: one row
-- owner: billing
-- param: meters varchar[] -- the meters
SELECT coalesce(CAST(sum(events) AS bigint), BIGINT '0') AS events
FROM usage_hourly
WHERE meter IN (:meters)
