-- name: cost_drivers_by_endpoint
-- title: Endpoints by what they cost
-- description: Requests, bytes out and backend time per endpoint. Not every request is billed: unbilled_requests tells why.
-- grain: one row per method and resource path
-- owner: billing
-- param: start timestamp -- the first instant
-- param: end timestamp -- the first instant after it
-- param: rows bigint = 20 -- how many endpoints to show
SELECT
    coalesce(r.method, '-') AS method,
    coalesce(r.resource_path, '-') AS resource_path,
    count(*) AS requests,
    count(b.request_id) AS billable_requests,
    count(DISTINCT r.api_key_id) AS api_keys,
    coalesce(sum(CAST(r.response_bytes AS decimal(38, 0))), DECIMAL '0') AS response_bytes,
    coalesce(sum(r.integration_latency_ms / 1000) + sum(r.integration_latency_ms % 1000) / 1000, BIGINT '0')
        AS backend_seconds,
    round(100e0 * count(*) / sum(count(*)) OVER (), 2) AS percent_of_requests
FROM api_requests AS r
LEFT JOIN billable_requests AS b
    ON r.request_id = b.request_id AND b.event_time >= :start AND b.event_time < :end
WHERE r.event_time >= :start AND r.event_time < :end
GROUP BY coalesce(r.method, '-'), coalesce(r.resource_path, '-')
ORDER BY requests DESC, resource_path, method
LIMIT :rows
