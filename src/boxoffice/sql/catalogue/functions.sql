-- The functions of the schema $1 that no extension brought: how they are called, whose rights they have, and
-- the hash of what they do. A function that SQL's own form tells (RETURN ...) is hashed as PostgreSQL prints
-- it.
SELECT p.proname AS name, concat_ws(
    ' ', 'function', p.proname || '(' || pg_get_function_identity_arguments(p.oid) || '):',
    COALESCE(pg_get_function_result(p.oid), 'nothing'), l.lanname, p.provolatile, p.proparallel,
    CASE WHEN p.prokind <> 'f' THEN 'of kind ' || p.prokind::text END,
    CASE WHEN p.proisstrict THEN 'STRICT' END, CASE WHEN p.prosecdef THEN 'SECURITY DEFINER' END,
    CASE WHEN p.proleakproof THEN 'LEAKPROOF' END, p.proconfig::text, pg_get_expr(p.proargdefaults, 0),
    encode(sha256(convert_to(COALESCE(pg_get_function_sqlbody(p.oid), p.prosrc), 'UTF8')), 'hex')
) AS line
FROM pg_proc AS p JOIN pg_language AS l ON l.oid = p.prolang
WHERE p.pronamespace = quote_ident($1)::regnamespace
  AND NOT EXISTS (SELECT FROM pg_depend AS d
                  WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
