-- create_show(now, command): opens a show with all places free. Locks: none before.
CREATE OR REPLACE FUNCTION create_show(p_now timestamptz, p_command engine_command) RETURNS command_outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_start timestamptz := (p_command.details ->> 'start_time')::timestamptz;
    v_total integer := (p_command.details ->> 'total_seats')::integer;
BEGIN
    INSERT INTO shows (name, show_type, start_time, created_at, updated_at, reference, metadata, live)
    VALUES (p_command.details ->> 'name', p_command.details ->> 'show_type', v_start, p_now, p_now,
            p_command.reference, p_command.metadata, COALESCE((p_command.details ->> 'live')::boolean, true))
    RETURNING show_id INTO p_command.show_id;
    INSERT INTO show_inventory (show_id, total_places, free_places) VALUES (p_command.show_id, v_total, v_total);
    -- fault point: before_new_map
    PERFORM resize_map(p_command.show_id, v_total);
    PERFORM append_event(p_command.show_id, p_now, p_command, 'show_created', '{}', p_command.details);
    RETURN done(p_command, NULL, show_view(p_command.show_id));
END $$;
