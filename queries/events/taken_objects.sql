-- name: taken_objects
-- title: Objects that need not be read again
-- description: All of them, or those that lie in the folders of some hours of arrival, and with them those whose keys tell no hour.
-- grain: one row per object key and ETag
-- owner: billing
-- param: first_folder varchar = 0000 -- the folder of the first hour, such as 2026/11/29/09
-- param: last_folder varchar = 9999/99 -- the folder of the last hour
SELECT object_key, bytes, version
FROM (
    SELECT
        object_key,
        bytes,
        version,
        regexp_extract(object_key, '(\d{4}/\d{2}/\d{2}/\d{2})/\d{2}/[^/]+\z', 1) AS folder
    FROM ingested_objects
) AS objects
WHERE folder IS NULL OR (folder >= :first_folder AND folder <= :last_folder)
