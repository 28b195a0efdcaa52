-- apply_commands(show, now, commands): the commands of one batch on one show, kind by kind. They were
-- all asked before any was answered, so any order is a fair one: first what frees seats, then what
-- takes them, in the order of arrival. Locks: the caller holds the show's inventory row; then bookings,
-- seats, sections.
CREATE OR REPLACE FUNCTION apply_commands(p_show_id bigint, p_now timestamptz, p_commands show_command[])
RETURNS SETOF command_outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_kinds   text[] := ARRAY(SELECT DISTINCT c.kind FROM unnest(p_commands) AS c);
    v_command show_command;
BEGIN
    FOREACH v_command IN ARRAY p_commands LOOP
        CONTINUE WHEN v_command.kind NOT IN ('update_show', 'unblock');
        RETURN NEXT CASE v_command.kind
            WHEN 'update_show' THEN update_show(p_show_id, p_now, v_command)
            ELSE unblock_seats(p_show_id, p_now, v_command)
        END;
    END LOOP;
    IF v_kinds && '{cancel,fail}' THEN
        RETURN QUERY SELECT * FROM release_bookings(p_show_id, p_now, p_commands);
    END IF;
    IF v_kinds && '{confirm}' THEN
        RETURN QUERY SELECT * FROM confirm_bookings(p_show_id, p_now, p_commands);
    END IF;
    IF v_kinds && '{extend}' THEN
        RETURN QUERY SELECT * FROM extend_holds(p_show_id, p_now, p_commands);
    END IF;
    IF v_kinds && '{retake,book,block}' THEN
        RETURN QUERY SELECT * FROM book_seats(p_show_id, p_now, p_commands);
    END IF;
    FOREACH v_command IN ARRAY p_commands LOOP
        CONTINUE WHEN v_command.kind <> 'delete_show';
        RETURN NEXT delete_show(p_show_id, p_now, v_command);
    END LOOP;
END $$;
