-- The indexes of the tables of the schema $1. How full their pages are is the operator's matter.
SELECT c.relname AS name, concat_ws(
    ' ', CASE WHEN i.indisunique THEN 'unique' ELSE 'plain' END || '-index', c.relname || '.' || x.relname || ':',
    regexp_replace(pg_get_indexdef(i.indexrelid, 0, true), ' WITH \([^)]*\)', ''),
    CASE WHEN NOT (i.indisvalid AND i.indisready AND i.indislive) THEN 'that is not used' END,
    CASE WHEN NOT i.indimmediate THEN 'that is deferred' END
) AS line
FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid JOIN pg_class AS x ON x.oid = i.indexrelid
WHERE c.relnamespace = quote_ident($1)::regnamespace
