-- What may be called or read in the place of what the program names $3 (relations, types and functions): in
-- the schemas $2, or in one that a role or the database searches first, or in one with the name of a role;
-- functions and operators with the name of a built-in one, there or in the program's schema $1; casts that
-- were made here; what a plain index of $1 calls or is ordered by, for it may do anything with a row that
-- is written, or hide one from a search; a setting by which names are not looked for among PostgreSQL's own
-- first; and one that switches triggers off, of a role, the database or the server. What an extension
-- brought is left out.
WITH searched AS (
    SELECT n.oid, n.nspname FROM pg_namespace AS n
    WHERE n.nspname <> $1::text AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
      AND (n.nspname = ANY ($2::text[]) OR n.nspname IN (SELECT rolname FROM pg_roles) OR n.nspname IN (
          SELECT btrim(named, ' "') FROM pg_db_role_setting AS s
          CROSS JOIN unnest(s.setconfig) AS setting CROSS JOIN regexp_split_to_table(substr(setting, 13), ',') AS named
          WHERE setting LIKE 'search\_path=%' AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
      ))
),
brought AS (SELECT classid, objid FROM pg_depend WHERE deptype = 'e')
SELECT format('relation or type %s.%s stands before the program''s', s.nspname, c.relname) AS violation
FROM pg_class AS c JOIN searched AS s ON s.oid = c.relnamespace WHERE c.relname = ANY ($3::text[])
UNION ALL
SELECT format('function %s.%s can be called instead of another', n.nspname, p.proname)
FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
WHERE (n.oid IN (SELECT oid FROM searched) AND p.proname = ANY ($3)
       OR (n.nspname = $1 OR n.oid IN (SELECT oid FROM searched)) AND EXISTS (
           SELECT FROM pg_proc AS b WHERE b.proname = p.proname AND b.pronamespace = 'pg_catalog'::regnamespace
       ))
  AND NOT EXISTS (SELECT FROM brought AS b WHERE b.classid = 'pg_proc'::regclass AND b.objid = p.oid)
UNION ALL
SELECT format('operator %s.%s can be used instead of another', n.nspname, o.oprname)
FROM pg_operator AS o JOIN pg_namespace AS n ON n.oid = o.oprnamespace
WHERE (n.nspname = $1 OR n.oid IN (SELECT oid FROM searched))
  AND NOT EXISTS (SELECT FROM brought AS b WHERE b.classid = 'pg_operator'::regclass AND b.objid = o.oid)
UNION ALL
SELECT format('cast of %s to %s is not PostgreSQL''s', format_type(k.castsource, NULL), format_type(k.casttarget, NULL))
FROM pg_cast AS k
WHERE k.oid >= 16384 AND NOT EXISTS (SELECT FROM brought AS b WHERE b.classid = 'pg_cast'::regclass AND b.objid = k.oid)
UNION ALL
SELECT format('setting %s of a role or the database switches triggers and foreign keys off', setting)
FROM pg_db_role_setting AS s CROSS JOIN unnest(s.setconfig) AS setting
WHERE setting LIKE 'session\_replication\_role=%' AND setting <> 'session_replication_role=origin'
UNION ALL
SELECT format('setting %s of a role or the database finds others'' names before PostgreSQL''s own', setting)
FROM pg_db_role_setting AS s CROSS JOIN unnest(s.setconfig) AS setting
WHERE setting LIKE 'search\_path=%pg\_catalog%' AND setting NOT LIKE 'search\_path=pg\_catalog%'
UNION ALL
SELECT 'names of the program''s schema are found before PostgreSQL''s own'
WHERE array_position($2::text[], 'pg_catalog') > array_position($2::text[], $1::text)
UNION ALL
SELECT 'setting session_replication_role=' || role || ' switches triggers and foreign keys off in this session'
FROM current_setting('session_replication_role') AS role WHERE role <> 'origin'
UNION ALL
SELECT format('index %s.%s runs %s', t.relname, x.relname, pg_describe_object(d.refclassid, d.refobjid, 0))
FROM pg_index AS i JOIN pg_class AS x ON x.oid = i.indexrelid JOIN pg_class AS t ON t.oid = i.indrelid
JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = x.oid
WHERE t.relnamespace = quote_ident($1)::regnamespace AND t.relname = ANY ($3)
  AND d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_opclass'::regclass, 'pg_opfamily'::regclass)
  AND NOT EXISTS (SELECT FROM brought AS b WHERE b.classid = d.refclassid AND b.objid = d.refobjid)
  AND NOT EXISTS (SELECT FROM pg_proc AS p WHERE d.refclassid = 'pg_proc'::regclass AND p.oid = d.refobjid
                  AND p.pronamespace = quote_ident($1)::regnamespace AND p.proname = ANY ($3))
