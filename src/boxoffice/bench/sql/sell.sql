-- Sells the seats $2 of show $1, one a booking, to users 1 to $3, through the engine's own function.
SELECT count(*) FROM run_batch(gen_random_uuid(), (
    SELECT jsonb_agg(jsonb_build_object(
        'command_no', s.no, 'show_id', $1::bigint, 'kind', 'book', 'actor', 'bench-fill',
        'user_id', 1 + s.no % $3::integer, 'seat_count', 1, 'seat_numbers', ARRAY[s.seat]
    ))
    FROM unnest($2::integer[]) WITH ORDINALITY AS s (seat, no)
), false) AS o
WHERE o.code = 'done'
