-- Opens $1 shows with $2 seats each, through the engine's own function; gives their ids.
SELECT ((create_show(now(), jsonb_populate_record(NULL::engine_command, jsonb_build_object(
    'command_no', 0, 'kind', 'create_show', 'actor', 'bench-fill', 'details', jsonb_build_object(
        'name', 'Show ' || n, 'show_type', 'bench', 'total_seats', $2::integer, 'start_time', now() + interval '1 year'
    )
)))).details ->> 'id')::bigint AS show_id
FROM generate_series(1, $1::integer) AS n
