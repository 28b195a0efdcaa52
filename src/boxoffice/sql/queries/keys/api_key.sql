-- The API key whose secret has the hash $1, even if the key is expired or revoked.
SELECT key_id, name, role, show_ids, created_at, lasts, expires_at, revoked_at FROM api_keys WHERE secret_hash = $1
