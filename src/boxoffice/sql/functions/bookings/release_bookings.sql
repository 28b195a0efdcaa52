-- release_bookings(show, now, commands): the cancel and fail commands. The first command on a booking has the
-- effect; another in the same batch finds the booking ended. A sale can be cancelled, but cannot fail. Each
-- booking is looked up by its key; see confirm_bookings. Locks: see end_bookings.
CREATE OR REPLACE FUNCTION release_bookings(p_show_id bigint, p_now timestamptz, p_commands engine_command[])
RETURNS command_outcome[]
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_ends booking_end[] := ARRAY(
        SELECT DISTINCT ON (c.booking_id)
               ROW(c.booking_id, CASE c.kind WHEN 'cancel' THEN 'CANCELLED' ELSE 'FAILED' END, c)::booking_end
        FROM unnest(p_commands) AS c CROSS JOIN LATERAL (
            SELECT user_id, status FROM bookings WHERE show_id = p_show_id AND booking_id = c.booking_id
            OFFSET 0
        ) AS b
        WHERE (c.owner_id IS NULL OR b.user_id = c.owner_id)
          AND (c.kind IN ('cancel', 'fail') AND b.status = 'PENDING' OR c.kind = 'cancel' AND b.status = 'CONFIRMED')
        ORDER BY c.booking_id, c.command_no
    );
BEGIN
    IF v_ends <> '{}' THEN
        PERFORM end_bookings(p_show_id, p_now, v_ends);
    END IF;
    RETURN booking_outcomes(p_commands, '{cancel,fail}', ARRAY(SELECT (e.command).command_no FROM unnest(v_ends) AS e));
END $$;
