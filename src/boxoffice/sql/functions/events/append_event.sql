-- append_event(show, now, command, kind, seats, details): the next event of the show, for a command
-- that is not about a booking. Locks: the caller holds the show's inventory row.
CREATE OR REPLACE FUNCTION append_event(
    p_show_id bigint, p_now timestamptz, p_command show_command, p_kind text, p_seats integer[], p_details jsonb
) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    -- fault point: before_event
    PERFORM append_events(p_show_id, ARRAY[ROW(
        p_show_id, NULL, p_kind, NULL, NULL, p_seats, p_command.actor, p_now, p_command.command_no, p_details,
        p_command.origin, NULL
    )::show_events]);
END $$;
