-- release_bookings(show, now, commands): the cancel and fail commands. The first command on a booking
-- has the effect; another in the same batch finds the booking ended. Locks: see end_bookings.
CREATE OR REPLACE FUNCTION release_bookings(p_show_id bigint, p_now timestamptz, p_commands show_command[])
RETURNS SETOF command_outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_ends booking_end[] := ARRAY(
        SELECT DISTINCT ON (c.booking_id) ROW(
            c.command_no, c.booking_id, CASE c.kind WHEN 'cancel' THEN 'CANCELLED' ELSE 'FAILED' END, c.actor, c.reason,
            c.origin
        )::booking_end
        FROM unnest(p_commands) AS c JOIN bookings AS b USING (booking_id)
        WHERE b.show_id = p_show_id
          AND (c.user_id IS NULL OR b.user_id = c.user_id)
          AND (b.status = 'PENDING' AND c.kind IN ('cancel', 'fail') OR b.status = 'CONFIRMED' AND c.kind = 'cancel')
        ORDER BY c.booking_id, c.command_no
    );
BEGIN
    IF v_ends <> '{}' THEN
        PERFORM end_bookings(p_show_id, p_now, v_ends);
    END IF;
    RETURN QUERY
    SELECT o.*
    FROM unnest(p_commands) AS c,
         booking_outcome(c, EXISTS (SELECT FROM unnest(v_ends) AS e WHERE e.command_no = c.command_no)) AS o
    WHERE c.kind IN ('cancel', 'fail');
END $$;
