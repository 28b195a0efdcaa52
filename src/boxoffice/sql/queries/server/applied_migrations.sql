-- The migrations that this database has, in order. applied_by: the version that applied the migration.
-- serves_since: the oldest version of the program that works with the migration (NULL: only one that knows
-- it).
SELECT name, checksum, applied_by, serves_since FROM schema_migrations ORDER BY name
