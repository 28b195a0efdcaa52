-- Revokes API key $1 for good. No row if there is no such key.
UPDATE api_keys SET revoked_at = COALESCE(revoked_at, engine_now())
WHERE key_id = $1
RETURNING key_id, name, role, show_ids, created_at, lasts, expires_at, revoked_at
