-- Sells the seats $2 of show $1, one a booking, to users 1 to $3, through the engine's own function.
SELECT count(*) FROM run_batch(gen_random_uuid(), ARRAY(
    SELECT ROW(s.no, $1::bigint, 'book', 'bench-fill', NULL, 1 + s.no % $3::integer, 1, ARRAY[s.seat],
               NULL, NULL, NULL, NULL, NULL, NULL)::show_command
    FROM unnest($2::integer[]) WITH ORDINALITY AS s (seat, no)
)) AS o
WHERE o.code = 'done'
