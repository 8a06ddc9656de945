-- name: newest_revision
-- title: The newest published revision of a period's invoice lines
-- description: A run that comes to the same lines publishes nothing.
-- grain: one row, or none when nothing was published
-- owner: billing
-- param: period varchar -- the month, such as 2025-10
SELECT revision, published_at
FROM invoice_lines
WHERE period = :period
ORDER BY published_at DESC, revision DESC
LIMIT 1
