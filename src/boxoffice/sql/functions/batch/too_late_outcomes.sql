-- too_late_outcomes(now, commands): the refusals of the commands whose time is over (not_after). Who asked
-- has given up by then, and must not be booked. Locks: none.
CREATE OR REPLACE FUNCTION too_late_outcomes(p_now timestamptz, p_commands engine_command[]) RETURNS command_outcome[]
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ARRAY(
        SELECT refuse(c, 'too_late', jsonb_build_object('answer_by', moment_text(c.not_after)))
        FROM unnest(p_commands) AS c WHERE c.not_after <= p_now
    );
END $$;
