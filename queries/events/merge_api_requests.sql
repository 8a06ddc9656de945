-- name: merge_api_requests
-- title: API requests, once each
-- description: Takes the good lines of the batch whose id is new. Of the lines that share an id, the smallest (object key, line) stays. A redelivered line has the same event time, so it is met within the batch's event days, widened by one day on both sides.
-- grain: one row per request_id
-- owner: billing
-- param: ingested_at timestamp
-- param: window_start timestamp
-- param: window_end timestamp
MERGE INTO api_requests AS t
USING (
    WITH repeated AS (
        SELECT request_id
        FROM landed_api_requests
        WHERE reason IS NULL
        GROUP BY request_id
        HAVING count(*) > 1
    ),

    ranked AS (
        SELECT
            request_id,
            event_time,
            api_id,
            stage,
            api_key_id,
            method,
            resource_path,
            status,
            response_bytes,
            request_bytes,
            response_latency_ms,
            integration_latency_ms,
            error_type,
            waf_response_code,
            source_ip,
            object_key,
            content_hash,
            row_number() OVER (PARTITION BY request_id ORDER BY object_key, line) AS place
        FROM landed_api_requests
        WHERE reason IS NULL AND request_id IN (SELECT request_id FROM repeated)
    )

    SELECT
        request_id,
        event_time,
        api_id,
        stage,
        api_key_id,
        method,
        resource_path,
        status,
        response_bytes,
        request_bytes,
        response_latency_ms,
        integration_latency_ms,
        error_type,
        waf_response_code,
        source_ip,
        object_key,
        content_hash
    FROM landed_api_requests
    WHERE reason IS NULL AND request_id NOT IN (SELECT request_id FROM repeated)
    UNION ALL
    SELECT
        request_id,
        event_time,
        api_id,
        stage,
        api_key_id,
        method,
        resource_path,
        status,
        response_bytes,
        request_bytes,
        response_latency_ms,
        integration_latency_ms,
        error_type,
        waf_response_code,
        source_ip,
        object_key,
        content_hash
    FROM ranked
    WHERE place = 1
) AS s
    ON t.request_id = s.request_id AND t.event_time >= :window_start AND t.event_time < :window_end
WHEN NOT MATCHED THEN INSERT (
    request_id,
    event_time,
    api_id,
    stage,
    api_key_id,
    method,
    resource_path,
    status,
    response_bytes,
    request_bytes,
    response_latency_ms,
    integration_latency_ms,
    error_type,
    waf_response_code,
    source_ip,
    object_key,
    ingested_at,
    content_hash
) VALUES (
    s.request_id,
    s.event_time,
    s.api_id,
    s.stage,
    s.api_key_id,
    s.method,
    s.resource_path,
    s.status,
    s.response_bytes,
    s.request_bytes,
    s.response_latency_ms,
    s.integration_latency_ms,
    s.error_type,
    s.waf_response_code,
    s.source_ip,
    s.object_key,
    :ingested_at,
    s.content_hash
)
