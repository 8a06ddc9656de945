-- name: landed_api_requests
-- title: Access-log lines as they landed
-- description: Every line of the batch, typed, with the reason why it cannot be billed (docs/contracts.md). A line of the landing may hold several JSON values; each is a row here. The caller's address is kept only on request, and then truncated.
-- grain: one row per line, good or bad
-- owner: billing
-- param: keep_source_ip boolean = FALSE
WITH landed AS (
    SELECT
        object_key,
        line,
        CASE
            -- Engines differ in how deep they read, and Trino fails as a whole where it is too deep for it
            WHEN fault IS NULL AND length(line) > 1000
                THEN CASE
                    WHEN length(line) - length(replace(replace(line, '{', ''), '[', '')) > 1000
                        THEN 'line has more than 1000 opening brackets'
                END
            ELSE fault
        END AS fault
    FROM landing_api_requests
),

pieces AS (
    SELECT object_key, fault, piece
    FROM landed
    CROSS JOIN UNNEST(
        CASE
            WHEN fault IS NULL AND line LIKE '%}%{%' AND (
                try(json_parse(line)) IS NULL
                OR regexp_like(
                    regexp_replace(
                        line, '\\[^u]|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}', ' '
                    ),
                    '\\u[dD][89a-fA-F]'
                )
            )
                THEN split(regexp_replace(line, '\}[ \t\r]*\{', concat('}', chr(10), '{')), chr(10))
            ELSE ARRAY[line]
        END
    ) AS t (piece)
),

lines AS (
    SELECT object_key, fault, CASE WHEN piece LIKE '{%}' THEN piece ELSE regexp_replace(piece, '^[ \t\r]+|[ \t\r]+\z', '') END AS line
    FROM pieces
),

documents AS (
    -- Members are read from the line's own text: json_parse keeps the last of repeated members, and writes numbers anew
    SELECT
        object_key,
        fault,
        line,
        CASE WHEN fault IS NULL THEN CASE WHEN try(json_parse(line)) IS NOT NULL THEN line END END AS document
    FROM lines
    WHERE line <> '' OR fault IS NOT NULL
),

members AS (
    SELECT
        object_key,
        fault,
        line,
        document,
        CASE
            -- Trino reads a lone surrogate as '?': what is left without escapes and whole pairs must hold none
            WHEN line LIKE '%\u%'
                THEN document IS NOT NULL
                AND NOT regexp_like(
                    regexp_replace(
                        line, '\\[^u]|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}', ' '
                    ),
                    '\\u[dD][89a-fA-F]'
                )
            ELSE document IS NOT NULL
        END AS is_json,
        from_base(substr(to_hex(md5(to_utf8(line))), 1, 15), 16) AS content_hash,
        nullif(nullif(json_extract_scalar(document, '$.extendedRequestId'), ''), '-') AS request_id,
        nullif(nullif(json_extract_scalar(document, '$.requestTimeEpoch'), ''), '-') AS epoch,
        nullif(nullif(json_extract_scalar(document, '$.apiId'), ''), '-') AS api_id,
        nullif(nullif(json_extract_scalar(document, '$.stage'), ''), '-') AS stage,
        nullif(nullif(json_extract_scalar(document, '$.apiKeyId'), ''), '-') AS api_key_id,
        nullif(nullif(json_extract_scalar(document, '$.httpMethod'), ''), '-') AS method,
        nullif(nullif(json_extract_scalar(document, '$.resourcePath'), ''), '-') AS resource_path,
        nullif(nullif(json_extract_scalar(document, '$.status'), ''), '-') AS status,
        nullif(nullif(json_extract_scalar(document, '$.responseLength'), ''), '-') AS response_length,
        nullif(nullif(json_extract_scalar(document, '$.requestLength'), ''), '-') AS request_length,
        nullif(nullif(json_extract_scalar(document, '$.responseLatency'), ''), '-') AS response_latency,
        nullif(nullif(json_extract_scalar(document, '$.integrationLatency'), ''), '-') AS integration_latency,
        nullif(nullif(json_extract_scalar(document, '$.errorType'), ''), '-') AS error_type,
        nullif(nullif(json_extract_scalar(document, '$.wafResponseCode'), ''), '-') AS waf_response_code,
        nullif(nullif(json_extract_scalar(document, '$.sourceIp'), ''), '-') AS source_ip,
        json_format(json_extract(document, '$.extendedRequestId')) AS request_id_json,
        json_format(json_extract(document, '$.requestTimeEpoch')) AS epoch_json,
        json_format(json_extract(document, '$.apiKeyId')) AS api_key_id_json,
        json_format(json_extract(document, '$.status')) AS status_json,
        json_format(json_extract(document, '$.responseLength')) AS response_length_json,
        json_format(json_extract(document, '$.requestLength')) AS request_length_json
    FROM documents
),

typed AS (
    SELECT
        object_key,
        fault,
        line,
        document,
        is_json,
        content_hash,
        request_id,
        request_id_json,
        CASE WHEN regexp_like(epoch, '^\d{1,15}\z') THEN try_cast(epoch AS bigint) END AS epoch_ms,
        epoch,
        epoch_json,
        api_id,
        stage,
        api_key_id,
        api_key_id_json,
        method,
        resource_path,
        status AS status_text,
        status_json,
        CASE WHEN regexp_like(status, '^[1-5]\d\d\z') THEN try_cast(status AS integer) END AS status,
        response_length,
        response_length_json,
        CASE WHEN regexp_like(response_length, '^\d{1,19}\z') THEN try_cast(response_length AS bigint) END
            AS response_bytes,
        request_length,
        request_length_json,
        CASE WHEN regexp_like(request_length, '^\d{1,19}\z') THEN try_cast(request_length AS bigint) END
            AS request_bytes,
        CASE WHEN regexp_like(response_latency, '^\d{1,19}\z') THEN try_cast(response_latency AS bigint) END
            AS response_latency_ms,
        CASE WHEN regexp_like(integration_latency, '^\d{1,19}\z') THEN try_cast(integration_latency AS bigint) END
            AS integration_latency_ms,
        error_type,
        waf_response_code,
        source_ip
    FROM members
)

SELECT
    object_key,
    line,
    content_hash,
    request_id,
    CASE
        WHEN epoch_ms <= 253402300799999
            THEN date_add(  -- in two steps: Trino adds at most 2^31 - 1 of a unit
                'millisecond', epoch_ms % 86400000,
                date_add('day', epoch_ms / 86400000, TIMESTAMP '1970-01-01 00:00:00.000')
            )
    END AS event_time,
    -- Here and below: a number with a fraction or an exponent is no text, because engines write it in their own ways
    CASE
        WHEN api_id < ':' AND regexp_like(api_id, '^-?\d+(\.\d+([eE][+-]?\d+)?|[eE][+-]?\d+)\z')
            THEN CASE WHEN json_format(json_extract(document, '$.apiId')) = concat('"', api_id, '"') THEN api_id END
        ELSE api_id
    END AS api_id,
    CASE
        WHEN stage < ':' AND regexp_like(stage, '^-?\d+(\.\d+([eE][+-]?\d+)?|[eE][+-]?\d+)\z')
            THEN CASE WHEN json_format(json_extract(document, '$.stage')) = concat('"', stage, '"') THEN stage END
        ELSE stage
    END AS stage,
    api_key_id,
    CASE
        WHEN method < ':' AND regexp_like(method, '^-?\d+(\.\d+([eE][+-]?\d+)?|[eE][+-]?\d+)\z')
            THEN CASE WHEN json_format(json_extract(document, '$.httpMethod')) = concat('"', method, '"') THEN method END
        ELSE method
    END AS method,
    CASE
        WHEN resource_path < ':' AND regexp_like(resource_path, '^-?\d+(\.\d+([eE][+-]?\d+)?|[eE][+-]?\d+)\z')
            THEN CASE WHEN json_format(json_extract(document, '$.resourcePath')) = concat('"', resource_path, '"') THEN resource_path END
        ELSE resource_path
    END AS resource_path,
    status,
    response_bytes,
    request_bytes,
    response_latency_ms,
    integration_latency_ms,
    CASE
        WHEN error_type < ':' AND regexp_like(error_type, '^-?\d+(\.\d+([eE][+-]?\d+)?|[eE][+-]?\d+)\z')
            THEN CASE WHEN json_format(json_extract(document, '$.errorType')) = concat('"', error_type, '"') THEN error_type END
        ELSE error_type
    END AS error_type,
    CASE
        WHEN waf_response_code < ':' AND regexp_like(waf_response_code, '^-?\d+(\.\d+([eE][+-]?\d+)?|[eE][+-]?\d+)\z')
            THEN CASE WHEN json_format(json_extract(document, '$.wafResponseCode')) = concat('"', waf_response_code, '"') THEN waf_response_code END
        ELSE waf_response_code
    END AS waf_response_code,
    CASE
        WHEN :keep_source_ip AND source_ip LIKE '%:%'
            THEN concat(regexp_extract(source_ip, '^[0-9a-fA-F]*:[0-9a-fA-F]*:[0-9a-fA-F]*'), '::')
        WHEN :keep_source_ip THEN concat(regexp_extract(source_ip, '^\d+\.\d+\.\d+'), '.0')
    END AS source_ip,
    CASE
        WHEN fault IS NOT NULL THEN fault
        WHEN NOT is_json THEN 'line is not valid JSON'
        WHEN line NOT LIKE '{%' THEN 'line is not a JSON object'
        WHEN request_id_json IS NULL OR request_id_json IN ('null', '""', '"-"')
            THEN 'extendedRequestId is missing'
        WHEN request_id_json NOT LIKE '"%'
            OR (request_id_json IN ('"Infinity"', '"-Infinity"') AND request_id NOT LIKE '%Infinity')
            THEN 'extendedRequestId is not a string'
        WHEN epoch_json IS NULL OR epoch_json IN ('null', '""', '"-"') THEN 'requestTimeEpoch is missing'
        WHEN epoch_ms IS NULL OR epoch_ms > 253402300799999
            THEN 'requestTimeEpoch is not a time in milliseconds'
        WHEN substr(api_key_id_json, 1, 1) IN ('{', '[', 't', 'f')
            OR (
                api_key_id < ':' AND regexp_like(api_key_id, '^-?\d+(\.\d+([eE][+-]?\d+)?|[eE][+-]?\d+)\z')
                AND api_key_id_json <> concat('"', api_key_id, '"')
            )
            THEN 'apiKeyId is not a string'
        WHEN status IS NULL AND (status_text IS NOT NULL OR substr(status_json, 1, 1) IN ('{', '['))
            THEN 'status is not an HTTP status'
        WHEN response_bytes IS NULL
            AND (response_length IS NOT NULL OR substr(response_length_json, 1, 1) IN ('{', '['))
            THEN 'responseLength is not a number of bytes'
        WHEN request_bytes IS NULL
            AND (request_length IS NOT NULL OR substr(request_length_json, 1, 1) IN ('{', '['))
            THEN 'requestLength is not a number of bytes'
    END AS reason
FROM typed
