-- All API keys, the oldest first.
SELECT key_id, name, role, show_ids, created_at, lasts, expires_at, revoked_at FROM api_keys ORDER BY created_at, key_id
