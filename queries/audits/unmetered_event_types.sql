-- name: unmetered_event_types
-- title: Event types that no meter reads
-- description: New event types need no code to arrive, but nobody pays for them until a meter reads them. Name in `metered` the types that meters of your own read.
-- grain: one row per event type
-- owner: billing
-- param: metered varchar[] =
--     internal_model_total_tokens, internal_embedding_total_tokens, internal_reranking_total_tokens,
--     internal_model_egress_bytes, internal_embedding_egress_bytes, internal_reranking_egress_bytes,
--     internal_model_ingress_bytes, internal_embedding_ingress_bytes, internal_reranking_ingress_bytes,
--     external_model_total_tokens, external_embedding_total_tokens, external_reranking_total_tokens,
--     external_model_egress_bytes, external_embedding_egress_bytes, external_reranking_egress_bytes,
--     external_model_ingress_bytes, external_embedding_ingress_bytes, external_reranking_ingress_bytes
--     -- the event types that meters read
SELECT
    event_type,
    count(*) AS events,
    sum(CAST(quantity AS decimal(38, 0))) AS quantity,
    min(event_time) AS first_event,
    max(event_time) AS last_event
FROM billing_events
WHERE event_type NOT IN (:metered)
GROUP BY event_type
ORDER BY event_type
