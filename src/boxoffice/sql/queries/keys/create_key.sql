-- Stores a new API key: $1 its id, $2 name, $3 role, $4 the shows that the key is valid for (NULL: all), $5
-- the hash of its secret, $6 how long the key is valid (an interval; NULL: until revoked). No row if another
-- key has the id. A retry after a lost answer sends the same hash, and gets the row of the first try.
INSERT INTO api_keys AS k (key_id, name, role, show_ids, secret_hash, created_at, lasts, expires_at)
SELECT $1, $2, $3, $4, $5, now.at, $6::interval, now.at + $6::interval FROM (SELECT engine_now() AS at) AS now
ON CONFLICT (key_id) DO UPDATE SET name = EXCLUDED.name WHERE k.secret_hash = EXCLUDED.secret_hash
RETURNING key_id, name, role, show_ids, created_at, lasts, expires_at, revoked_at
