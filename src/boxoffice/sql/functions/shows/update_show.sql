-- update_show(show, now, command): changes what the command's details give of the show. Seats may be
-- added, or taken away from the end while they are free. Locks: the caller holds the show's inventory
-- row; then its sections and the show.
CREATE OR REPLACE FUNCTION update_show(p_show_id bigint, p_now timestamptz, p_command show_command)
RETURNS command_outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_changes jsonb := p_command.details - 'expected_seq';
    v_from    integer;
    v_to      integer;
    v_used    integer[];
    v_refusal command_outcome := version_refusal(p_show_id, p_command);
BEGIN
    IF v_refusal.code IS NOT NULL THEN
        RETURN v_refusal;
    END IF;
    SELECT total_seats INTO v_from FROM show_inventory WHERE show_id = p_show_id;
    v_to := COALESCE((v_changes ->> 'total_seats')::integer, v_from);
    v_used := ARRAY(
        SELECT seat_number FROM booking_seats WHERE show_id = p_show_id AND seat_number > v_to ORDER BY 1
    );
    IF v_used <> '{}' THEN
        RETURN ROW(p_command.command_no, p_show_id, 'seats_in_use', false, NULL, jsonb_build_object('seats', v_used))::command_outcome;
    END IF;
    IF v_to <> v_from THEN
        PERFORM resize_sections(p_show_id, v_to);
        UPDATE show_inventory
        SET total_seats = v_to, free_seats = free_seats + v_to - v_from,
            run_hints = lowered_hints(run_hints, v_from + 1)
        WHERE show_id = p_show_id;
    END IF;
    -- fault point: after_resize
    UPDATE shows
    SET name = COALESCE(v_changes ->> 'name', name),
        show_type = COALESCE(v_changes ->> 'show_type', show_type),
        start_time = COALESCE((v_changes ->> 'start_time')::timestamptz, start_time),
        updated_at = p_now
    WHERE show_id = p_show_id;
    PERFORM append_event(p_show_id, p_now, p_command, 'show_updated', '{}', v_changes);
    RETURN ROW(p_command.command_no, p_show_id, 'done', false, NULL, show_view(p_show_id))::command_outcome;
END $$;
