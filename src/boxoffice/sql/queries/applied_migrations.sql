-- What was applied to this database, in order.
SELECT name, checksum FROM schema_migrations ORDER BY name
