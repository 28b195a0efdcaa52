-- What decides how fast and how safe PostgreSQL is.
SELECT name, current_setting(name) AS value
FROM unnest(ARRAY[
    'server_version', 'fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers', 'max_wal_size', 'wal_level',
    'max_connections', 'autovacuum'
]) AS name
