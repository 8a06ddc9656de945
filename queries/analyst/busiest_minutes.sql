-- name: busiest_minutes
-- title: The busiest minutes
-- description: Where rate limits are set by: the minutes with the most requests, and the key that made most of them.
-- grain: one row per minute
-- owner: billing
-- param: start timestamp -- the first instant
-- param: end timestamp -- the first instant after it
-- param: rows bigint = 20 -- how many minutes to show
WITH per_key AS (
    SELECT
        date_trunc('minute', event_time) AS minute,
        coalesce(api_key_id, '-') AS api_key_id,
        count(*) AS requests,
        count_if(status = 429) AS throttled
    FROM api_requests
    WHERE event_time >= :start AND event_time < :end
    GROUP BY date_trunc('minute', event_time), coalesce(api_key_id, '-')
),

ranked AS (
    SELECT
        minute,
        api_key_id,
        requests,
        throttled,
        row_number() OVER (PARTITION BY minute ORDER BY requests DESC, api_key_id) AS place
    FROM per_key
)

SELECT
    minute,
    sum(requests) AS requests,
    sum(throttled) AS throttled,
    count(*) AS api_keys,
    max(CASE WHEN place = 1 THEN api_key_id END) AS busiest_key,
    max(CASE WHEN place = 1 THEN requests END) AS requests_of_busiest_key
FROM ranked
GROUP BY minute
ORDER BY requests DESC, minute
LIMIT :rows
