-- Lets API key $1 end after $2 (an interval) at the latest. No row if there is none.
UPDATE api_keys SET expires_at = LEAST(expires_at, engine_now() + $2::interval)
WHERE key_id = $1
RETURNING key_id, name, role, show_ids, created_at, lasts, expires_at, revoked_at
