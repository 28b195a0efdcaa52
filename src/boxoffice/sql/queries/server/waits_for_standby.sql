-- Whether a session of our database user has waited for more than $1 seconds until a synchronous standby
-- confirms its commit.
SELECT EXISTS (
    SELECT FROM pg_stat_activity
    WHERE datname = current_database() AND usename = current_user AND wait_event = 'SyncRep'
      AND query_start < clock_timestamp() - make_interval(secs => $1)
) AS waits
