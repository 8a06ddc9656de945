-- name: error_and_throttle_share
-- title: Errors and throttling per API key
-- description: A key with many 429 outgrows its usage plan; one with many 5xx is owed an apology. Neither is billed.
-- grain: one row per API and API key
-- owner: billing
-- param: start timestamp -- the first instant
-- param: end timestamp -- the first instant after it
SELECT
    coalesce(api_id, '-') AS api_id,
    coalesce(api_key_id, '-') AS api_key_id,
    count(*) AS requests,
    count_if(status = 429) AS throttled,
    count_if(status BETWEEN 400 AND 499 AND status <> 429) AS client_errors,
    count_if(status >= 500) AS server_errors,
    count_if(waf_response_code = 'WAF_BLOCK') AS blocked,
    round(100e0 * count_if(status = 429) / count(*), 2) AS percent_throttled,
    round(100e0 * count_if(status BETWEEN 400 AND 499 AND status <> 429) / count(*), 2) AS percent_client_errors,
    round(100e0 * count_if(status >= 500) / count(*), 2) AS percent_server_errors
FROM api_requests
WHERE event_time >= :start AND event_time < :end
GROUP BY coalesce(api_id, '-'), coalesce(api_key_id, '-')
ORDER BY throttled + server_errors DESC, requests DESC, api_id, api_key_id
