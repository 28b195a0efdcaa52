-- The open and the prepared transactions of this database: the session that has each, and its age in seconds.
-- hidden: 1 if PostgreSQL does not show us this session's transaction, because we lack the right pg_monitor.
SELECT application_name, a.pid::text AS who, COALESCE(state, 'unknown') AS state,
       COALESCE(extract(epoch FROM clock_timestamp() - xact_start), 0)::double precision AS open_s,
       (query = '<insufficient privilege>')::integer AS hidden
FROM pg_stat_activity AS a
WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
  AND (xact_start IS NOT NULL OR query = '<insufficient privilege>')
UNION ALL
SELECT owner, gid, 'prepared', extract(epoch FROM clock_timestamp() - prepared)::double precision, 0
FROM pg_prepared_xacts
WHERE database = current_database()
