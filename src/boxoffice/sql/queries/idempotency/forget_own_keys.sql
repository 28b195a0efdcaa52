-- Deletes idempotency keys older than $1 (an interval) that the program made for commands without a key. The
-- program needs such a key only while it retries after a lost answer.
DELETE FROM idempotency_keys
WHERE show_id = 0 AND key LIKE 'once-%' AND created_at < (SELECT engine_now()) - $1::interval
