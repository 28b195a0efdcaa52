-- Indexes whose building broke off. Every write still pays for such an index, and no read uses it.
SELECT i.indexrelid::regclass::text AS name
FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
WHERE NOT (i.indisvalid AND i.indisready)
  AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'show_inventory'::regclass)
ORDER BY 1
