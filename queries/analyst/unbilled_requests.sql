-- name: unbilled_requests
-- title: Requests that are not billed, and why
-- description: The reasons of the default billing policy, in its order. `other` appears when the policy has been replaced.
-- grain: one row per reason
-- owner: billing
-- param: start timestamp -- the first instant
-- param: end timestamp -- the first instant after it
WITH unbilled AS (
    SELECT
        r.response_bytes,
        r.api_key_id,
        CASE
            WHEN r.api_key_id IS NULL THEN 'no API key'
            WHEN r.waf_response_code = 'WAF_BLOCK' THEN 'blocked by WAF'
            WHEN r.status IS NULL THEN 'status unknown'
            WHEN r.status = 429 THEN 'throttled (429)'
            WHEN r.status IN (401, 403) THEN 'not authorized (401, 403)'
            WHEN r.status >= 500 THEN 'server error (5xx)'
            WHEN r.status < 200 THEN 'informational (1xx)'
            ELSE 'other'
        END AS reason
    FROM api_requests AS r
    WHERE
        r.event_time >= :start
        AND r.event_time < :end
        AND NOT EXISTS (
            SELECT 1
            FROM billable_requests AS b
            WHERE b.request_id = r.request_id AND b.event_time >= :start AND b.event_time < :end
        )
)

SELECT
    reason,
    count(*) AS requests,
    count(DISTINCT api_key_id) AS api_keys,
    coalesce(sum(CAST(response_bytes AS decimal(38, 0))), DECIMAL '0') AS response_bytes
FROM unbilled
GROUP BY reason
ORDER BY requests DESC, reason
