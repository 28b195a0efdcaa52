-- The keys, foreign keys and checks of the tables of the schema $1. That a column is never NULL is told with
-- the column: some releases count it as a constraint.
SELECT c.relname AS name, format('constraint %s.%s: %s', c.relname, k.conname, pg_get_constraintdef(k.oid)) AS line
FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid
WHERE c.relnamespace = quote_ident($1)::regnamespace AND k.contype <> 'n'
