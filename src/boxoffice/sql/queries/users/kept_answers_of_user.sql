-- The idempotency keys of user $1 for which an answer is kept.
SELECT show_id, key, created_at FROM idempotency_keys
WHERE actor LIKE 'user:%' AND actor = 'user:' || $1::bigint
ORDER BY created_at, show_id, key
