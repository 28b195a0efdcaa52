-- Records that version $3 applied migration $1 with checksum $2, and that programs from version $4 on work
-- with it.
INSERT INTO schema_migrations (name, checksum, applied_by, serves_since) VALUES ($1, $2, $3, $4)
ON CONFLICT (name) DO UPDATE
SET checksum = EXCLUDED.checksum, applied_by = EXCLUDED.applied_by, applied_at = now(),
    serves_since = EXCLUDED.serves_since
