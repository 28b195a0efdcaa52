-- append_event(show, now, command, kind, seats, details): the next event of the show, for a command
-- that is not about a booking. Locks: the caller holds the show's inventory row.
CREATE OR REPLACE FUNCTION append_event(
    p_show_id bigint, p_now timestamptz, p_command show_command, p_kind text, p_seats integer[], p_details jsonb
) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_seq bigint;
BEGIN
    UPDATE show_inventory SET last_seq = last_seq + 1 WHERE show_id = p_show_id RETURNING last_seq INTO v_seq;
    -- fault point: before_event
    INSERT INTO show_events (show_id, seq, kind, seats, actor, at, command_no, details)
    VALUES (p_show_id, v_seq, p_kind, p_seats, p_command.actor, p_now, p_command.command_no, p_details);
END $$;
