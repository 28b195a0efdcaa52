-- The columns of tables and composite types of the schema $1: type, collation, default, and whether they are
-- made by the database.
SELECT c.relname AS name, concat_ws(
    ' ', 'column', c.relname || '.' || a.attname || ':', format_type(a.atttypid, a.atttypmod),
    (SELECT 'COLLATE ' || k.collname FROM pg_collation AS k JOIN pg_type AS t ON t.oid = a.atttypid
     WHERE k.oid = a.attcollation AND k.oid <> t.typcollation),
    CASE WHEN a.attnotnull THEN 'NOT NULL' END,
    CASE WHEN a.attidentity <> '' THEN 'IDENTITY ' || a.attidentity::text END,
    CASE WHEN a.attgenerated <> '' THEN 'GENERATED ' || a.attgenerated::text END,
    'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid)
) AS line
FROM pg_class AS c
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = quote_ident($1)::regnamespace AND c.relkind IN ('r', 'c')
