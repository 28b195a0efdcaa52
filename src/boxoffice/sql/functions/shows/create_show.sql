-- create_show(now, command): opens a show with all seats free. Locks: none before.
CREATE OR REPLACE FUNCTION create_show(p_now timestamptz, p_command show_command) RETURNS command_outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_show_id bigint;
    v_total   integer := (p_command.details ->> 'total_seats')::integer;
BEGIN
    INSERT INTO shows (name, show_type, start_time, created_at, updated_at)
    VALUES (
        p_command.details ->> 'name', p_command.details ->> 'show_type',
        (p_command.details ->> 'start_time')::timestamptz, p_now, p_now
    )
    RETURNING show_id INTO v_show_id;
    INSERT INTO show_inventory (show_id, total_seats, free_seats) VALUES (v_show_id, v_total, v_total);
    -- fault point: before_new_sections
    PERFORM resize_sections(v_show_id, v_total);
    PERFORM append_event(v_show_id, p_now, p_command, 'show_created', '{}', p_command.details);
    RETURN ROW(p_command.command_no, v_show_id, 'done', false, NULL, show_view(v_show_id))::command_outcome;
END $$;
