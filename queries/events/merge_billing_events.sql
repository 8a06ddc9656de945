-- name: merge_billing_events
-- title: Billing events, once each
-- description: Takes the good lines of the batch whose id is new. Of the lines that share an id, the smallest (object key, line) stays. A redelivered line has the same event time, so it is met within the batch's event days, widened by one day on both sides.
-- grain: one row per event_id
-- owner: billing
-- param: ingested_at timestamp
-- param: window_start timestamp
-- param: window_end timestamp
MERGE INTO billing_events AS t
USING (
    WITH repeated AS (
        SELECT event_id
        FROM landed_billing_events
        WHERE reason IS NULL
        GROUP BY event_id
        HAVING count(*) > 1
    ),

    ranked AS (
        SELECT
            event_id,
            event_time,
            event_type,
            product,
            resource_id,
            resource_type,
            region,
            provider,
            model,
            quantity,
            object_key,
            content_hash,
            row_number() OVER (PARTITION BY event_id ORDER BY object_key, line) AS place
        FROM landed_billing_events
        WHERE reason IS NULL AND event_id IN (SELECT event_id FROM repeated)
    )

    SELECT
        event_id,
        event_time,
        event_type,
        product,
        resource_id,
        resource_type,
        region,
        provider,
        model,
        quantity,
        object_key,
        content_hash
    FROM landed_billing_events
    WHERE reason IS NULL AND event_id NOT IN (SELECT event_id FROM repeated)
    UNION ALL
    SELECT
        event_id,
        event_time,
        event_type,
        product,
        resource_id,
        resource_type,
        region,
        provider,
        model,
        quantity,
        object_key,
        content_hash
    FROM ranked
    WHERE place = 1
) AS s
    ON t.event_id = s.event_id AND t.event_time >= :window_start AND t.event_time < :window_end
WHEN NOT MATCHED THEN INSERT (
    event_id,
    event_time,
    event_type,
    product,
    resource_id,
    resource_type,
    region,
    provider,
    model,
    quantity,
    object_key,
    ingested_at,
    content_hash
) VALUES (
    s.event_id,
    s.event_time,
    s.event_type,
    s.product,
    s.resource_id,
    s.resource_type,
    s.region,
    s.provider,
    s.model,
    s.quantity,
    s.object_key,
    :ingested_at,
    s.content_hash
)
