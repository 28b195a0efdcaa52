-- Lets this transaction find nothing but PostgreSQL's own names, and write names and times as text in one
-- way, whatever the settings of its user.
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL DateStyle = 'ISO, YMD';
SET LOCAL TimeZone = 'UTC';
SET LOCAL quote_all_identifiers = off;
SET LOCAL jit = off
