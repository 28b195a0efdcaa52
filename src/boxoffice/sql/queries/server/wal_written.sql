-- How far the log of this primary is written, in bytes (NULL: it is no primary), and the cluster's number.
SELECT CASE WHEN NOT pg_is_in_recovery() THEN pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint END AS place,
       (SELECT c.system_identifier FROM pg_control_system() AS c) AS cluster
