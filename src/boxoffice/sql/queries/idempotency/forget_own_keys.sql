-- Deletes idempotency keys older than $1 (an interval) that the program made for commands without a key,
-- which are 16 bytes long. The program needs such a key only while it retries after a lost answer.
DELETE FROM idempotency_keys
WHERE show_id = 0 AND octet_length(key_hash) = 16 AND created_at < (SELECT engine_now()) - $1::interval
