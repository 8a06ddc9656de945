-- name: hours_waiting_for_roll_up
-- title: Hours whose events are not rolled up yet
-- description: Usage, and so invoices, lack these hours' latest events. Run `usagelake bill` again.
-- grain: one row per source and hour
-- owner: billing
SELECT source, hour, marked_at
FROM stale_hours
ORDER BY source, hour
