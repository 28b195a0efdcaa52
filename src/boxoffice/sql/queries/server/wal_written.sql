-- The position in the log up to which this primary has written it, in bytes (NULL: the server is no primary),
-- and the identifier of the cluster.
SELECT CASE WHEN NOT pg_is_in_recovery() THEN pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint END AS place,
       (SELECT c.system_identifier FROM pg_control_system() AS c) AS cluster
