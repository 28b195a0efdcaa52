-- Deletes the keys that the program made up itself for lost answers, if older than $1 (an interval).
DELETE FROM idempotency_keys
WHERE show_id = 0 AND key LIKE 'once-%' AND created_at < (SELECT engine_now()) - $1::interval
