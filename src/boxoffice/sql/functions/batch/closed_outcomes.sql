-- closed_outcomes(show, deleted, archived, commands): the refusals of all commands on a show that does not
-- exist, is deleted, or is archived. Bookings of a deleted show stay for the audit, so a command on one is
-- refused with the booking's state; in an archived show with 'show_archived'. A booking that does not
-- exist, or is another user's, is 'booking_not_found' in every case. Locks: none.
CREATE OR REPLACE FUNCTION closed_outcomes(
    p_show_id bigint, p_deleted boolean, p_archived boolean, p_commands engine_command[]
) RETURNS command_outcome[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_command  engine_command;
    v_outcomes command_outcome[] := '{}';
BEGIN
    FOREACH v_command IN ARRAY p_commands LOOP
        v_outcomes := v_outcomes || CASE
            WHEN v_command.booking_id IS NULL AND p_deleted THEN refuse(v_command, 'show_not_found', NULL)
            WHEN NOT p_archived THEN booking_outcome(v_command, false)
            WHEN v_command.booking_id IS NOT NULL AND NOT EXISTS (
                SELECT FROM all_bookings AS b
                WHERE b.show_id = p_show_id AND b.booking_id = v_command.booking_id
                  AND (v_command.owner_id IS NULL OR b.user_id = v_command.owner_id)
            ) THEN refuse(v_command, 'booking_not_found', NULL)
            ELSE refuse(v_command, 'show_archived', NULL)
        END;
    END LOOP;
    RETURN v_outcomes;
END $$;
