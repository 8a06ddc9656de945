-- name: record_meter
-- title: A meter that has been rolled up
-- grain: one row per meter
-- owner: billing
-- param: meter varchar
-- param: digest varchar
MERGE INTO rolled_meters AS t
USING (SELECT :meter AS meter, :digest AS digest) AS s
    ON t.meter = s.meter
WHEN MATCHED THEN UPDATE SET digest = s.digest
WHEN NOT MATCHED THEN INSERT (meter, digest) VALUES (s.meter, s.digest)
