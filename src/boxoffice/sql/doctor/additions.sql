-- The triggers and extensions that this database has and our migrations did not make.
SELECT 'trigger' AS kind, format('%s on %s', tgname, tgrelid::regclass) AS name
FROM pg_trigger
WHERE NOT tgisinternal
UNION ALL
SELECT 'extension', extname FROM pg_extension WHERE extname <> 'plpgsql'
ORDER BY 1, 2
