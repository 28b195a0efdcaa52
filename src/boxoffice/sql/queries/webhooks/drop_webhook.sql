-- Forgets endpoint $1.
SELECT drop_webhook($1) AS dropped
