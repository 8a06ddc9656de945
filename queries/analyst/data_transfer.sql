-- name: data_transfer
-- title: Data transfer per API key
-- description: Bytes in and out of billable requests. API Gateway logs no request size by itself, so bytes in may be unknown; unknown_in says for how many requests.
-- grain: one row per API key and day
-- owner: billing
-- param: start timestamp -- the first instant
-- param: end timestamp -- the first instant after it
SELECT
    api_key_id,
    CAST(date_trunc('day', event_time) AS date) AS event_day,
    count(*) AS requests,
    coalesce(sum(CAST(request_bytes AS decimal(38, 0))), DECIMAL '0') AS request_bytes,
    coalesce(sum(CAST(response_bytes AS decimal(38, 0))), DECIMAL '0') AS response_bytes,
    coalesce(sum(request_bytes / 1048576), BIGINT '0') + coalesce(sum(response_bytes / 1048576), BIGINT '0')
    + (coalesce(sum(request_bytes % 1048576), BIGINT '0') + coalesce(sum(response_bytes % 1048576), BIGINT '0')) / 1048576
        AS whole_mebibytes,
    count_if(request_bytes IS NULL) AS unknown_in,
    count_if(response_bytes IS NULL) AS unknown_out
FROM billable_requests
WHERE event_time >= :start AND event_time < :end
GROUP BY api_key_id, CAST(date_trunc('day', event_time) AS date)
ORDER BY api_key_id, event_day
