-- Gives endpoint $1 new values: see the function.
SELECT change_webhook($1, $2, $3, $4, $5, $6, $7, $8) AS changed
