-- A message that is of no lane has not arrived at endpoint $1: see the function.
SELECT endpoint_failed($1, $2::text::jsonb, $3, $4) AS verdict
