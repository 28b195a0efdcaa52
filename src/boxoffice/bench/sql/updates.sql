-- How the tables that change most were updated: HOT ones stay on the page and touch no index.
SELECT relname AS name, n_tup_upd AS updates, n_tup_hot_upd AS hot_updates
FROM pg_stat_user_tables
WHERE relname IN ('show_inventory', 'map_chunks')
ORDER BY relname DESC
