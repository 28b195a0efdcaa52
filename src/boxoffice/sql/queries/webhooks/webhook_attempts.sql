-- The attempts at endpoint $1 that are kept, the newest first, before attempt $2 (NULL: from the newest on);
-- $3 at most.
SELECT a.attempt_id AS id, NULLIF(a.show_id, 0) AS show_id, a.message_id, a.at, a.status,
       a.trouble, a.excerpt, a.milliseconds
FROM webhook_attempts AS a
WHERE a.endpoint_id = $1 AND ($2::bigint IS NULL OR a.attempt_id < $2)
ORDER BY a.attempt_id DESC LIMIT $3
