-- Notes that $1 was applied with checksum $2 by version $3.
INSERT INTO schema_migrations (name, checksum, applied_by) VALUES ($1, $2, $3)
ON CONFLICT (name) DO UPDATE SET checksum = EXCLUDED.checksum, applied_by = EXCLUDED.applied_by, applied_at = now()
