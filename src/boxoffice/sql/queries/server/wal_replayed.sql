-- The position in the log up to which this standby has replayed it, in bytes (NULL: the server is no
-- standby), and the identifier of the cluster.
SELECT CASE WHEN pg_is_in_recovery() THEN pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::bigint END AS place,
       (SELECT c.system_identifier FROM pg_control_system() AS c) AS cluster
