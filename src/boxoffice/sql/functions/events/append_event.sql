-- append_event(show, now, command, kind, places, details): the next event of the show, for a command that is
-- not about a booking. Locks: the caller holds the show's inventory row.
CREATE OR REPLACE FUNCTION append_event(
    p_show_id bigint, p_now timestamptz, p_command engine_command, p_kind text, p_places integer[], p_details jsonb
) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    -- fault point: before_event
    PERFORM append_events(p_show_id, ARRAY[event_of(p_command, p_kind, NULL, NULL, p_places, p_now, p_details)]);
END $$;
