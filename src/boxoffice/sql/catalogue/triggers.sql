-- What acts on a table of the schema $1 by itself: triggers, also those of foreign keys that were switched
-- off, rules, and policies that hide rows. The program has none of them.
SELECT c.relname AS name, format('trigger %s.%s: %s', c.relname,
                                 CASE WHEN t.tgisinternal THEN 'of a foreign key' ELSE t.tgname END,
                                 CASE WHEN t.tgisinternal THEN 'switched off' ELSE pg_get_triggerdef(t.oid) END) AS line
FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
WHERE c.relnamespace = quote_ident($1)::regnamespace AND (NOT t.tgisinternal OR t.tgenabled <> 'O')
UNION ALL
SELECT c.relname, format('rule %s.%s: %s', c.relname, r.rulename, pg_get_ruledef(r.oid))
FROM pg_rewrite AS r JOIN pg_class AS c ON c.oid = r.ev_class
WHERE c.relnamespace = quote_ident($1)::regnamespace AND r.rulename <> '_RETURN'
UNION ALL
SELECT c.relname, format('policy %s.%s', c.relname, p.polname)
FROM pg_policy AS p JOIN pg_class AS c ON c.oid = p.polrelid
WHERE c.relnamespace = quote_ident($1)::regnamespace
