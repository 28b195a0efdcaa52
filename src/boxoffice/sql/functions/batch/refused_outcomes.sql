-- refused_outcomes(show, commands): the outcomes where no show is on sale under this id, or no longer:
-- bookings can still be told apart, for they stay for the audit. Locks: none.
CREATE OR REPLACE FUNCTION refused_outcomes(p_show_id bigint, p_commands show_command[])
RETURNS SETOF command_outcome
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF EXISTS (SELECT FROM show_inventory WHERE show_id = p_show_id AND archived_at IS NOT NULL) THEN
        RETURN QUERY SELECT * FROM archived_outcomes(p_show_id, p_commands);
        RETURN;
    END IF;
    RETURN QUERY
    SELECT o.* FROM unnest(p_commands) AS c, booking_outcome(c, false) AS o
    WHERE c.kind IN ('confirm', 'extend', 'cancel', 'fail');
    RETURN QUERY
    SELECT c.command_no, p_show_id, 'show_not_found', false, NULL::bookings, NULL::jsonb
    FROM unnest(p_commands) AS c
    WHERE c.kind NOT IN ('confirm', 'extend', 'cancel', 'fail');
END $$;
