-- name: billable_requests
-- title: The billing policy
-- description: The requests that are billed: they have an API key, WAF did not block them, and the caller got an answer that is not the gateway's refusal (401, 403, 429) nor a server error. Every other request keeps its row in api_requests. Replace this file to bill by another rule; its digest stands in every invoice.
-- grain: one row per billable request
-- owner: billing
SELECT
    request_id,
    event_time,
    api_id,
    stage,
    api_key_id,
    method,
    resource_path,
    status,
    response_bytes,
    request_bytes,
    response_latency_ms,
    integration_latency_ms,
    error_type,
    waf_response_code,
    source_ip,
    object_key,
    ingested_at,
    content_hash
FROM api_requests
WHERE
    api_key_id IS NOT NULL
    AND (waf_response_code IS NULL OR waf_response_code <> 'WAF_BLOCK')
    AND status BETWEEN 200 AND 499
    AND status NOT IN (401, 403, 429)
