-- name: tokens_by_model
-- title: Tokens by model
-- description: Tokens of both generations of event types, for models that run inside and outside.
-- grain: one row per provider and model
-- owner: billing
-- param: start timestamp -- the first instant
-- param: end timestamp -- the first instant after it
SELECT
    coalesce(provider, '-') AS provider,
    coalesce(model, '-') AS model,
    count(DISTINCT resource_id) AS resources,
    count(*) AS events,
    sum(CAST(quantity AS decimal(38, 0))) AS tokens,
    sum(CAST(quantity AS decimal(38, 0))) FILTER (WHERE event_type LIKE 'internal!_%' ESCAPE '!') AS internal_tokens,
    sum(CAST(quantity AS decimal(38, 0))) FILTER (WHERE event_type LIKE 'external!_%' ESCAPE '!') AS external_tokens
FROM billing_events
WHERE
    event_time >= :start
    AND event_time < :end
    AND event_type IN (
        'internal_model_total_tokens', 'internal_embedding_total_tokens', 'internal_reranking_total_tokens',
        'external_model_total_tokens', 'external_embedding_total_tokens', 'external_reranking_total_tokens'
    )
GROUP BY coalesce(provider, '-'), coalesce(model, '-')
ORDER BY tokens DESC, provider, model
