-- Whether a session of ours has waited for $1 seconds for a synchronous standby to have its commit.
SELECT EXISTS (
    SELECT FROM pg_stat_activity
    WHERE datname = current_database() AND usename = current_user AND wait_event = 'SyncRep'
      AND query_start < clock_timestamp() - make_interval(secs => $1)
) AS waits
