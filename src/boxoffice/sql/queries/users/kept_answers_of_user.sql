-- The answers that are kept for idempotency keys of user $1.
SELECT show_id, created_at FROM idempotency_keys
WHERE actor LIKE 'user:%' AND actor = 'user:' || $1::bigint
ORDER BY created_at, show_id
