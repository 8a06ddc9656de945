-- name: events_outside_their_partition
-- title: Events far from the time in their object's key
-- description: The key tells when its lines arrived. An event that is later than that has a wrong clock, and one much earlier has waited longer than the retention window is swept for; either may be billed in the wrong period.
-- grain: one row per event
-- owner: billing
-- param: hours_ahead bigint = 1 -- how far a sender's clock may be ahead
-- param: days_late bigint = 45 -- how long an event may wait
WITH arrivals AS (
    SELECT
        source,
        id,
        event_time,
        object_key,
        try_cast(
            concat(
                regexp_extract(object_key, '/(\d{4})/(\d\d)/(\d\d)/(\d\d)/(\d\d)/', 1), '-',
                regexp_extract(object_key, '/(\d{4})/(\d\d)/(\d\d)/(\d\d)/(\d\d)/', 2), '-',
                regexp_extract(object_key, '/(\d{4})/(\d\d)/(\d\d)/(\d\d)/(\d\d)/', 3), ' ',
                regexp_extract(object_key, '/(\d{4})/(\d\d)/(\d\d)/(\d\d)/(\d\d)/', 4), ':',
                regexp_extract(object_key, '/(\d{4})/(\d\d)/(\d\d)/(\d\d)/(\d\d)/', 5)
            ) AS timestamp
        ) AS arrived_at
    FROM (
        SELECT 'api_requests' AS source, request_id AS id, event_time, object_key FROM api_requests
        UNION ALL
        SELECT 'billing_events' AS source, event_id AS id, event_time, object_key FROM billing_events
    ) AS events
)

SELECT
    source,
    id,
    event_time,
    arrived_at,
    date_diff('hour', event_time, arrived_at) AS hours_before_arrival,
    object_key
FROM arrivals
WHERE
    event_time >= date_add('hour', :hours_ahead, date_add('minute', 1, arrived_at))
    OR event_time < date_add('day', -:days_late, arrived_at)
ORDER BY source, event_time, id
