-- Notes that $1 was applied with checksum $2 by version $3, and serves programs since version $4.
INSERT INTO schema_migrations (name, checksum, applied_by, serves_since) VALUES ($1, $2, $3, $4)
ON CONFLICT (name) DO UPDATE
SET checksum = EXCLUDED.checksum, applied_by = EXCLUDED.applied_by, applied_at = now(),
    serves_since = EXCLUDED.serves_since
