-- The sessions of this database that wait for a lock: since how many seconds, and for which sessions.
SELECT application_name, a.pid::text AS who,
       extract(epoch FROM clock_timestamp() - query_start)::double precision AS waited_s,
       array_to_string(pg_blocking_pids(a.pid), ', ') AS blockers
FROM pg_stat_activity AS a
WHERE a.datname = current_database() AND wait_event_type = 'Lock'
