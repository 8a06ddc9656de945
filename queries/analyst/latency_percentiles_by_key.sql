-- name: latency_percentiles_by_key
-- title: Latency percentiles per API key
-- description: Percentiles are approximate on Athena and exact on DuckDB. What the backend does not explain is spent in the gateway.
-- grain: one row per API key
-- owner: billing
-- param: start timestamp -- the first instant
-- param: end timestamp -- the first instant after it
SELECT
    coalesce(api_key_id, '-') AS api_key_id,
    count(response_latency_ms) AS measured_requests,
    approx_percentile(response_latency_ms, 0.5) AS p50_ms,
    approx_percentile(response_latency_ms, 0.9) AS p90_ms,
    approx_percentile(response_latency_ms, 0.99) AS p99_ms,
    max(response_latency_ms) AS max_ms,
    approx_percentile(integration_latency_ms, 0.5) AS backend_p50_ms,
    approx_percentile(integration_latency_ms, 0.99) AS backend_p99_ms
FROM api_requests
WHERE event_time >= :start AND event_time < :end
GROUP BY coalesce(api_key_id, '-')
ORDER BY p99_ms DESC, api_key_id
