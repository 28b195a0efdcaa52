-- Letter $2 of show $1 has not arrived from event $3 on: see the function.
SELECT letter_failed($1, $2, $3, $4::text::jsonb, $5, $6) AS verdict
