-- What the server, the rights of this user and the publication of events are like. One row. published: each
-- table and column that is published; NULL: there is no publication. PostgreSQL 14 has no lists of columns,
-- so the list is read by way of JSON.
SELECT current_setting('server_version_num')::integer AS version_num,
       current_setting('wal_level') AS wal_level,
       current_user::text AS who,
       has_database_privilege(current_database(), 'CREATE') AS may_create,
       COALESCE(
           (SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass('show_events')), false
       ) AS owns,
       CASE WHEN p.oid IS NOT NULL THEN (
           SELECT COALESCE(array_agg(format('%s.%s', t.tablename, c.name) ORDER BY t.tablename, c.name), '{}')
           FROM pg_publication_tables AS t
           LEFT JOIN LATERAL jsonb_array_elements_text(COALESCE(to_jsonb(t) -> 'attnames', '["*"]')) AS c (name) ON true
           WHERE t.pubname = p.pubname
       ) END AS published,
       p.pubinsert AND NOT (p.pubupdate OR p.pubdelete OR p.pubtruncate) AS only_inserts,
       (SELECT setting::bigint FROM pg_settings WHERE name = 'max_slot_wal_keep_size') AS kept_mb_max,
       current_setting('synchronized_standby_slots', true) AS standby_slots
FROM (SELECT) AS one LEFT JOIN pg_publication AS p ON p.pubname = 'boxoffice_events'
