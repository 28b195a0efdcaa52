-- How much has happened at all, and how many connections of the engine are at work.
SELECT (SELECT COALESCE(sum(last_seq), 0) FROM show_inventory)::bigint AS events,
       (SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'boxoffice' AND state <> 'idle') AS busy
