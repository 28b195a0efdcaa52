-- Our tables with the server's statistics. reltuples is -1 until a table is analyzed or vacuumed. stays_hot:
-- sales change no indexed column of the table, so all its updates can be HOT.
SELECT c.relname AS name,
       pg_relation_size(c.oid) AS bytes,
       c.reltuples < 0 AS unanalyzed,
       'autovacuum_enabled=false' = ANY (COALESCE(c.reloptions, '{}')) AS autovacuum_off,
       c.relname IN ('show_inventory', 'map_chunks') AS stays_hot,
       COALESCE(s.n_live_tup, 0) AS live_rows, COALESCE(s.n_dead_tup, 0) AS dead_rows,
       COALESCE(s.n_tup_upd, 0) AS updates, COALESCE(s.n_tup_hot_upd, 0) AS hot_updates
FROM pg_class AS c LEFT JOIN pg_stat_user_tables AS s ON s.relid = c.oid
WHERE c.relkind = 'r' AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'show_inventory'::regclass)
ORDER BY c.relname
