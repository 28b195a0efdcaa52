-- Lets endpoint $1 be told again; $2: without what has happened meanwhile.
SELECT resume_webhook($1, $2) AS shows
