-- The server's version, role and settings, and its sessions. One row. used: all sessions of clients; others:
-- the sessions of other programs among them. If max_pred_locks_per_relation is negative, PostgreSQL takes
-- max_pred_locks_per_transaction divided by its absolute value.
SELECT current_setting('server_version_num')::integer AS version_num,
       current_setting('server_encoding') AS encoding,
       pg_is_in_recovery() AS in_recovery,
       current_setting('default_transaction_read_only') = 'on' AS read_only,
       (SELECT s.ssl FROM pg_stat_ssl AS s WHERE s.pid = pg_backend_pid()) AS encrypted,
       COALESCE(inet_client_addr() = inet_server_addr() OR inet_client_addr() << '127.0.0.0/8', true) AS local,
       current_setting('max_connections')::integer AS max_connections,
       current_setting('superuser_reserved_connections')::integer
           + COALESCE(current_setting('reserved_connections', true)::integer, 0) AS reserved,
       a.used, a.others,
       current_setting('fsync') AS fsync,
       current_setting('full_page_writes') AS full_page_writes,
       current_setting('synchronous_commit') AS synchronous_commit,
       p.per_transaction AS max_pred_locks_per_transaction,
       CASE WHEN p.per_relation < 0 THEN p.per_transaction / -p.per_relation ELSE p.per_relation END
           AS max_pred_locks_per_relation,
       p.per_page AS max_pred_locks_per_page,
       current_setting('transaction_timeout', true) IS NOT NULL AS bounds_transactions,
       (SELECT setting::integer FROM pg_settings WHERE name = 'tcp_user_timeout') AS tcp_user_timeout,
       (SELECT reset_val::integer FROM pg_settings WHERE name = 'tcp_keepalives_idle') AS tcp_keepalives_idle,
       (SELECT max(GREATEST(age(datfrozenxid), mxid_age(datminmxid))) FROM pg_database) AS xid_age,
       current_setting('autovacuum') AS autovacuum,
       current_setting('track_counts') AS track_counts
FROM (
    SELECT count(*) AS used, count(*) FILTER (WHERE application_name NOT LIKE 'boxoffice%') AS others
    FROM pg_stat_activity
    WHERE pid <> pg_backend_pid() AND datid IS NOT NULL AND backend_type IS DISTINCT FROM 'autovacuum worker'
) AS a
CROSS JOIN (
    SELECT current_setting('max_pred_locks_per_transaction')::integer AS per_transaction,
           current_setting('max_pred_locks_per_relation')::integer AS per_relation,
           current_setting('max_pred_locks_per_page')::integer AS per_page
) AS p
