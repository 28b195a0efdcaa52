-- What was applied to this database, in order: by which version, and since which one programs can work with
-- it.
SELECT name, checksum, applied_by, serves_since FROM schema_migrations ORDER BY name
