-- A message of show $1 has not arrived at endpoint $2: see the function.
SELECT lane_failed($1, $2, $3::text::jsonb, $4::text::jsonb, $5::text::jsonb, $6, $7) AS verdict
