-- name: hours_that_differ
-- title: Rolled-up hours that the events do not bear out
-- description: Computes the project's own meters from the events in a second way and compares, both ways round; a meter of yours is compared when you add it here. An hour that waits for roll-up differs too.
-- grain: one row per meter, subject, hour and dimension that differs
-- owner: billing
-- param: start timestamp -- the first instant
-- param: end timestamp -- the first instant after it
WITH measured AS (
    SELECT
        m.meter,
        'api_key' AS subject_type,
        r.api_key_id AS subject_id,
        r.event_time,
        '' AS dimension,
        CASE m.meter
            WHEN 'api_requests' THEN BIGINT '1'
            WHEN 'response_bytes' THEN r.response_bytes
            ELSE r.request_bytes
        END AS quantity
    FROM billable_requests AS r
    CROSS JOIN (VALUES 'api_requests', 'response_bytes', 'request_bytes') AS m (meter)
    WHERE r.event_time >= :start AND r.event_time < :end
    UNION ALL
    SELECT
        regexp_replace(
            regexp_replace(event_type, '_(model|embedding|reranking)_', '_'), '_total_tokens\z', '_tokens'
        ) AS meter,
        'resource' AS subject_type,
        resource_id AS subject_id,
        event_time,
        coalesce(model, '') AS dimension,
        quantity
    FROM billing_events
    WHERE
        event_time >= :start
        AND event_time < :end
        AND regexp_like(
            event_type,
            '^(internal|external)_(model|embedding|reranking)_(total_tokens|egress_bytes|ingress_bytes)\z'
        )
),

recomputed AS (
    SELECT
        meter,
        subject_type,
        subject_id,
        date_trunc('hour', event_time) AS hour,
        dimension,
        sum(CAST(quantity AS decimal(38, 0))) AS quantity,
        count(*) AS events
    FROM measured
    WHERE quantity IS NOT NULL
    GROUP BY meter, subject_type, subject_id, date_trunc('hour', event_time), dimension
),

rolled AS (
    SELECT meter, subject_type, subject_id, hour, dimension, quantity, events
    FROM usage_hourly
    WHERE
        hour >= :start
        AND hour < :end
        AND (
            meter IN ('api_requests', 'response_bytes', 'request_bytes')
            OR regexp_like(meter, '^(internal|external)_(tokens|egress_bytes|ingress_bytes)\z')
        )
)

SELECT
    coalesce(e.meter, u.meter) AS meter,
    coalesce(e.subject_type, u.subject_type) AS subject_type,
    coalesce(e.subject_id, u.subject_id) AS subject_id,
    coalesce(e.hour, u.hour) AS hour,
    coalesce(e.dimension, u.dimension) AS dimension,
    e.quantity AS quantity_of_events,
    u.quantity AS quantity_rolled_up,
    e.events AS events,
    u.events AS events_rolled_up
FROM recomputed AS e
FULL OUTER JOIN rolled AS u
    ON
        e.meter = u.meter
        AND e.subject_type = u.subject_type
        AND e.subject_id = u.subject_id
        AND e.hour = u.hour
        AND e.dimension = u.dimension
WHERE
    e.quantity IS DISTINCT FROM u.quantity
    OR e.events IS DISTINCT FROM u.events
ORDER BY 1, 2, 3, 4, 5
