-- Opens $1 shows with $2 seats each, through the engine's own function; gives their ids.
SELECT (create_show(
    now(),
    ROW(0, 0, 'create_show', 'bench-fill', NULL, NULL, NULL, NULL, NULL, NULL, jsonb_build_object(
        'name', 'Show ' || n, 'show_type', 'bench', 'total_seats', $2::integer, 'start_time', now() + interval '1 year'
    ), NULL, NULL, NULL)::show_command
)).show_id
FROM generate_series(1, $1::integer) AS n
