-- Makes the endpoint that is found by key $1: see the function.
SELECT endpoint_id, created FROM create_webhook($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
