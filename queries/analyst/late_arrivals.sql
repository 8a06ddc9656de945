-- name: late_arrivals
-- title: Events that arrived late
-- description: Late is what was ingested more than so many hours after it happened. What arrives after a period's cutoff becomes a correction line.
-- grain: one row per source and event day
-- owner: billing
-- param: start timestamp -- the first instant
-- param: end timestamp -- the first instant after it
-- param: hours_late bigint = 1 -- from how many whole hours on an event is late
WITH arrived AS (
    SELECT 'api_requests' AS source, event_time, ingested_at
    FROM api_requests
    WHERE event_time >= :start AND event_time < :end
    UNION ALL
    SELECT 'billing_events' AS source, event_time, ingested_at
    FROM billing_events
    WHERE event_time >= :start AND event_time < :end
)

SELECT
    source,
    CAST(date_trunc('day', event_time) AS date) AS event_day,
    count(*) AS events,
    count_if(date_diff('hour', event_time, ingested_at) >= :hours_late) AS late_events,
    round(100e0 * count_if(date_diff('hour', event_time, ingested_at) >= :hours_late) / count(*), 2) AS percent_late,
    max(date_diff('hour', event_time, ingested_at)) AS longest_delay_hours
FROM arrived
GROUP BY source, CAST(date_trunc('day', event_time) AS date)
ORDER BY source, event_day
