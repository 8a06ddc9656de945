-- name: forget_meter
-- title: A meter that no file defines any more
-- grain: one row per meter
-- owner: billing
-- param: meter varchar
DELETE FROM rolled_meters
WHERE meter = :meter
