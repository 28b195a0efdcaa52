-- update_show(show, now, command): changes what the command gives of the show. Places may be added, or taken
-- away from the end while they are free; a refusal names the first 1,000 that are not. Locks: the caller
-- holds the show's inventory row; then its chunks and the show.
CREATE OR REPLACE FUNCTION update_show(p_show_id bigint, p_now timestamptz, p_command engine_command)
RETURNS command_outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_changes jsonb := p_command.details - 'expected_seqs';
    v_start   timestamptz := (v_changes ->> 'start_time')::timestamptz;
    v_from    integer;
    v_to      integer;
    v_used    integer[];
    v_refusal command_outcome := version_refusal(p_show_id, p_command);
BEGIN
    IF v_refusal.code IS NOT NULL THEN
        RETURN v_refusal;
    END IF;
    SELECT total_places INTO v_from FROM show_inventory WHERE show_id = p_show_id;
    v_to := COALESCE((v_changes ->> 'total_seats')::integer, v_from);
    v_used := ARRAY(SELECT place FROM booking_seats WHERE show_id = p_show_id AND place > v_to ORDER BY 1 LIMIT 1000);
    IF v_used <> '{}' THEN
        RETURN refuse(p_command, 'seats_in_use', jsonb_build_object('seats', v_used));
    END IF;
    IF v_to <> v_from THEN
        PERFORM resize_map(p_show_id, v_to);
        UPDATE show_inventory
        SET total_places = v_to, free_places = free_places + v_to - v_from,
            run_hints = lowered_hints(run_hints, v_from + 1)
        WHERE show_id = p_show_id;
    END IF;
    -- fault point: after_resize
    UPDATE shows
    SET name = COALESCE(v_changes ->> 'name', name),
        show_type = COALESCE(v_changes ->> 'show_type', show_type),
        start_time = COALESCE(v_start, start_time),
        reference = NULLIF(COALESCE(p_command.reference, reference), ''),
        metadata = COALESCE(p_command.metadata, metadata),
        live = COALESCE((v_changes ->> 'live')::boolean, live),
        updated_at = p_now
    WHERE show_id = p_show_id;
    PERFORM append_event(p_show_id, p_now, p_command, 'show_updated', '{}', v_changes);
    RETURN done(p_command, NULL, show_view(p_show_id));
END $$;
