-- archived_outcomes(show, commands): the outcomes where the show is archived: nothing of it changes any more. A booking
-- that is not there, or not the caller's, is still not found, and a show that was deleted before is no show. Locks: none.
CREATE OR REPLACE FUNCTION archived_outcomes(p_show_id bigint, p_commands show_command[])
RETURNS SETOF command_outcome
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_deleted boolean := (SELECT deleted_at IS NOT NULL FROM show_inventory WHERE show_id = p_show_id);
    v_command show_command;
    v_outcome command_outcome;
BEGIN
    FOREACH v_command IN ARRAY p_commands LOOP
        v_outcome := ROW(v_command.command_no, p_show_id, 'show_archived', false, NULL, NULL);
        IF v_command.kind NOT IN ('confirm', 'extend', 'cancel', 'fail') THEN
            IF v_deleted THEN
                v_outcome.code := 'show_not_found';
            END IF;
        ELSIF NOT EXISTS (
            SELECT FROM all_bookings AS b
            WHERE b.show_id = p_show_id AND b.booking_id = v_command.booking_id
              AND (v_command.user_id IS NULL OR b.user_id = v_command.user_id)
        ) THEN
            v_outcome.code := 'booking_not_found';
        END IF;
        RETURN NEXT v_outcome;
    END LOOP;
END $$;
