-- delete_show(show, now, command): takes a show without active bookings off sale and off the lists.
-- Locks: the caller holds the show's inventory row.
CREATE OR REPLACE FUNCTION delete_show(p_show_id bigint, p_now timestamptz, p_command show_command)
RETURNS command_outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_active  bigint;
    v_refusal command_outcome := version_refusal(p_show_id, p_command);
BEGIN
    IF EXISTS (SELECT FROM show_inventory WHERE show_id = p_show_id AND deleted_at IS NOT NULL) THEN
        -- by another command of this batch
        RETURN ROW(p_command.command_no, p_show_id, 'show_not_found', false, NULL, NULL)::command_outcome;
    END IF;
    IF v_refusal.code IS NOT NULL THEN
        RETURN v_refusal;
    END IF;
    SELECT count(*) INTO v_active FROM bookings
    WHERE show_id = p_show_id AND status IN ('PENDING', 'CONFIRMED');
    IF v_active > 0 THEN
        RETURN ROW(
            p_command.command_no, p_show_id, 'active_bookings', false, NULL, jsonb_build_object('count', v_active)
        )::command_outcome;
    END IF;
    UPDATE show_inventory SET deleted_at = p_now WHERE show_id = p_show_id;
    -- fault point: before_deleted_event
    PERFORM append_event(p_show_id, p_now, p_command, 'show_deleted', '{}', NULL);
    RETURN ROW(p_command.command_no, p_show_id, 'done', false, NULL, show_view(p_show_id))::command_outcome;
END $$;
