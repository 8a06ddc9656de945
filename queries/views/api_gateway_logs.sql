-- name: api_gateway_logs
-- title: Access log, under the names of the log format
-- description: For queries written against the access log itself. API Gateway does not log a request's size, so an unknown requestSize counts as 0 here; so does an unknown responseSize. Bill from the meters, not from this view.
-- grain: one row per request
-- owner: billing
SELECT
    request_id AS extendedRequestId,
    event_time AS requestTime,
    api_id AS apiId,
    stage,
    api_key_id AS apiKeyId,
    method AS httpMethod,
    resource_path AS resourcePath,
    status,
    coalesce(request_bytes, BIGINT '0') AS requestSize,
    coalesce(response_bytes, BIGINT '0') AS responseSize,
    response_latency_ms AS responseLatency,
    integration_latency_ms AS integrationLatency,
    CAST(year(event_time) AS integer) AS year,
    CAST(month(event_time) AS integer) AS month
FROM api_requests
