-- booking_outcomes(commands, kinds, done): the outcomes of the commands of these kinds, each on a booking;
-- `done` has the numbers of those that had an effect. Locks: none.
CREATE OR REPLACE FUNCTION booking_outcomes(p_commands engine_command[], p_kinds text[], p_done integer[])
RETURNS command_outcome[]
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ARRAY(
        SELECT booking_outcome(c, c.command_no = ANY (p_done)) FROM unnest(p_commands) AS c WHERE c.kind = ANY (p_kinds)
    );
END $$;
