-- name: hourly_load
-- title: Load by hour
-- description: Hours without a request have no row.
-- grain: one row per hour
-- owner: billing
-- param: start timestamp -- the first instant
-- param: end timestamp -- the first instant after it
SELECT
    date_trunc('hour', event_time) AS hour,
    count(*) AS requests,
    count(DISTINCT api_key_id) AS api_keys,
    count_if(status = 429) AS throttled,
    count_if(status >= 500) AS server_errors,
    round(count(*) / 3600e0, 3) AS requests_per_second,
    round(avg(response_latency_ms), 1) AS mean_latency_ms
FROM api_requests
WHERE event_time >= :start AND event_time < :end
GROUP BY date_trunc('hour', event_time)
ORDER BY hour
