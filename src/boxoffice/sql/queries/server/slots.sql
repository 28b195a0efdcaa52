-- The replication slots that retain most of the server's log, 50 at most: those of all databases fill one
-- disk. here: a slot of this database. inactive_s: for how many seconds nobody has read it; NULL: somebody
-- does, or the server is older than 17 and does not tell. Columns that not every release has are read by way
-- of JSON.
SELECT s.slot_name::text AS name, s.plugin::text AS plugin, COALESCE(s.database = current_database(), false) AS here,
       s.active, COALESCE(s.wal_status, 'unknown') AS wal_status,
       COALESCE(pg_wal_lsn_diff(l.written, s.restart_lsn), 0)::double precision AS retained_bytes,
       extract(
           epoch FROM clock_timestamp() - (to_jsonb(s) ->> 'inactive_since')::timestamptz
       )::double precision AS inactive_s,
       COALESCE((to_jsonb(s) ->> 'failover')::boolean, false) AS failover,
       (SELECT setting::bigint FROM pg_settings WHERE name = 'max_slot_wal_keep_size') AS kept_mb_max
FROM pg_replication_slots AS s
CROSS JOIN (
    SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END AS written
) AS l
ORDER BY retained_bytes DESC, name
LIMIT 50
