-- name: clear_stale_hours
-- title: Marks that roll-up has served
-- description: A mark that was set again after roll-up had read it stays.
-- grain: one row per source and hour
-- owner: billing
-- param: read_until timestamp
DELETE FROM stale_hours
WHERE marked_at <= :read_until
