-- name: internal_ingress_bytes
-- title: Bytes received from internal models
-- grain: one row per resource, model and hour
-- owner: billing
-- param: start timestamp
-- param: end timestamp
SELECT
    'resource' AS subject_type,
    resource_id AS subject_id,
    date_trunc('hour', event_time) AS hour,
    coalesce(model, '') AS dimension,
    sum(CAST(quantity AS decimal(38, 0))) AS quantity,
    count(*) AS events
FROM billing_events
WHERE
    event_time >= :start
    AND event_time < :end
    AND event_type IN (
        'internal_model_ingress_bytes', 'internal_embedding_ingress_bytes', 'internal_reranking_ingress_bytes'
    )
GROUP BY resource_id, date_trunc('hour', event_time), coalesce(model, '')
