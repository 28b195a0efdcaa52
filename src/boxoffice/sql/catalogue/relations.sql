-- The tables and views of the schema $1: whether they are permanent, hide rows from anybody, have children,
-- and what a view shows. Releases differ in whether they name the table of a column, so its name is left out.
SELECT c.relname AS name, concat_ws(
    ' ', CASE WHEN c.relkind = 'r' THEN 'table' WHEN c.relkind = 'v' THEN 'view' ELSE 'relation' END, c.relname || ':',
    CASE WHEN c.relkind NOT IN ('r', 'v') THEN c.relkind::text END,
    CASE WHEN c.relpersistence <> 'p' THEN 'not permanent' END,
    CASE WHEN c.relrowsecurity OR c.relforcerowsecurity THEN 'with row security' END,
    CASE WHEN EXISTS (SELECT FROM pg_inherits AS i WHERE c.oid IN (i.inhparent, i.inhrelid)) THEN 'with relatives' END,
    CASE WHEN c.relkind = 'v'
         THEN regexp_replace(regexp_replace(pg_get_viewdef(c.oid), '\m\w+\.', '', 'g'), '\s+', ' ', 'g') END
) AS line
FROM pg_class AS c
WHERE c.relnamespace = quote_ident($1)::regnamespace AND c.relkind IN ('r', 'v', 'p', 'f', 'm')
