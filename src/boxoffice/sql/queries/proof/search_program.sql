-- Lets this transaction find the names of the schema $1 after PostgreSQL's own, and no others.
SELECT set_config('search_path', format('pg_catalog, %I, pg_temp', $1::text), true)
