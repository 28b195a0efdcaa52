-- Indexes that were not finished: they cost every write and serve no read.
SELECT i.indexrelid::regclass::text AS name
FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
WHERE NOT (i.indisvalid AND i.indisready)
  AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'show_inventory'::regclass)
ORDER BY 1
