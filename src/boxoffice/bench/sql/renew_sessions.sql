-- Ends all other sessions of this database. Those that have planned a statement keep the plan, also where a
-- rule has come in between.
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
