-- name: landed_billing_events
-- title: Billing events as they landed
-- description: Every line of the batch, typed, with the reason why it cannot be billed (docs/contracts.md). A line of the landing may hold several JSON values; each is a row here.
-- grain: one row per line, good or bad
-- owner: billing
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
    FROM landing_billing_events
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
        json_extract_scalar(document, '$.id') AS event_id,
        json_extract_scalar(document, '$.timestamp') AS instant,
        json_extract_scalar(document, '$.event_type') AS event_type,
        json_extract_scalar(document, '$.product') AS product,
        json_extract_scalar(document, '$.properties.resource_id') AS resource_id,
        json_extract_scalar(document, '$.properties.resource_type') AS resource_type,
        json_extract_scalar(document, '$.properties.region') AS region,
        json_extract_scalar(document, '$.properties.provider') AS provider,
        json_extract_scalar(document, '$.properties.model') AS model,
        json_format(json_extract(document, '$.id')) AS id_json,
        json_format(json_extract(document, '$.timestamp')) AS instant_json,
        json_format(json_extract(document, '$.event_type')) AS event_type_json,
        json_format(json_extract(document, '$.properties.resource_id')) AS resource_id_json,
        json_format(json_extract(document, '$.properties.model')) AS model_json,
        json_format(json_extract(document, '$.properties.usage')) AS usage_json
    FROM documents
),

typed AS (
    SELECT
        *,
        CASE
            WHEN regexp_like(instant, '^\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?Z\z')
                THEN try_cast(replace(replace(substr(instant, 1, 26), 'Z', ''), 'T', ' ') AS timestamp(6))
        END AS event_time,
        CASE
            -- Trino writes -0 as 0
            WHEN usage_json IN ('0', '-0')
                THEN CASE WHEN json_extract_scalar(document, '$.properties.usage') = '0' THEN 0 END
            ELSE try_cast(usage_json AS bigint)
        END AS quantity
    FROM members
)

SELECT
    object_key,
    line,
    content_hash,
    event_id,
    event_time,
    event_type,
    -- Here and below: a number with a fraction or an exponent is no text, because engines write it in their own ways
    CASE
        WHEN product < ':' AND regexp_like(product, '^-?\d+(\.\d+([eE][+-]?\d+)?|[eE][+-]?\d+)\z')
            THEN CASE WHEN json_format(json_extract(document, '$.product')) = concat('"', product, '"') THEN product END
        ELSE product
    END AS product,
    resource_id,
    CASE
        WHEN resource_type < ':' AND regexp_like(resource_type, '^-?\d+(\.\d+([eE][+-]?\d+)?|[eE][+-]?\d+)\z')
            THEN CASE WHEN json_format(json_extract(document, '$.properties.resource_type')) = concat('"', resource_type, '"') THEN resource_type END
        ELSE resource_type
    END AS resource_type,
    CASE
        WHEN region < ':' AND regexp_like(region, '^-?\d+(\.\d+([eE][+-]?\d+)?|[eE][+-]?\d+)\z')
            THEN CASE WHEN json_format(json_extract(document, '$.properties.region')) = concat('"', region, '"') THEN region END
        ELSE region
    END AS region,
    CASE
        WHEN provider < ':' AND regexp_like(provider, '^-?\d+(\.\d+([eE][+-]?\d+)?|[eE][+-]?\d+)\z')
            THEN CASE WHEN json_format(json_extract(document, '$.properties.provider')) = concat('"', provider, '"') THEN provider END
        ELSE provider
    END AS provider,
    model,
    quantity,
    CASE
        WHEN fault IS NOT NULL THEN fault
        WHEN NOT is_json THEN 'line is not valid JSON'
        WHEN line NOT LIKE '{%' THEN 'line is not a JSON object'
        WHEN id_json IS NULL OR id_json IN ('null', '""') THEN 'id is missing'
        WHEN id_json NOT LIKE '"%' OR (id_json IN ('"Infinity"', '"-Infinity"') AND event_id NOT LIKE '%Infinity')
            THEN 'id is not a string'
        WHEN instant_json IS NULL OR instant_json IN ('null', '""') THEN 'timestamp is missing'
        WHEN instant_json NOT LIKE '"%' OR (instant_json IN ('"Infinity"', '"-Infinity"') AND instant NOT LIKE '%Infinity')
            THEN 'timestamp is not a string'
        WHEN event_time IS NULL OR instant LIKE '0000%' THEN 'timestamp is not an RFC 3339 instant in UTC'
        WHEN event_type_json IS NULL OR event_type_json IN ('null', '""') THEN 'event_type is missing'
        WHEN event_type_json NOT LIKE '"%' OR (event_type_json IN ('"Infinity"', '"-Infinity"') AND event_type NOT LIKE '%Infinity')
            THEN 'event_type is not a string'
        WHEN resource_id_json IS NULL OR resource_id_json IN ('null', '""')
            THEN 'properties.resource_id is missing'
        WHEN resource_id_json NOT LIKE '"%' OR (resource_id_json IN ('"Infinity"', '"-Infinity"') AND resource_id NOT LIKE '%Infinity')
            THEN 'properties.resource_id is not a string'
        WHEN usage_json IS NULL OR usage_json IN ('null', '""') THEN 'properties.usage is missing'
        WHEN quantity IS NULL OR usage_json LIKE '-%'
            THEN 'properties.usage is not an integer from 0 to 2^63 - 1'
        WHEN (model_json NOT LIKE '"%' AND model_json <> 'null') OR (model_json IN ('"Infinity"', '"-Infinity"') AND model NOT LIKE '%Infinity')
            THEN 'properties.model is not a string'
    END AS reason
FROM typed
