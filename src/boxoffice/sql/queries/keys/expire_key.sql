-- Lets API key $1 expire in $2 (an interval), or earlier if it was to expire earlier. No row if there is no
-- such key.
UPDATE api_keys SET expires_at = LEAST(expires_at, engine_now() + $2::interval)
WHERE key_id = $1
RETURNING key_id, name, role, show_ids, created_at, lasts, expires_at, revoked_at
