-- confirm_bookings(show, now, commands): the confirm commands on holds that have not run out (those
-- that have were ended before). The first command on a booking has the effect.
-- Locks: the caller holds the show's inventory row; then its bookings.
CREATE OR REPLACE FUNCTION confirm_bookings(p_show_id bigint, p_now timestamptz, p_commands show_command[])
RETURNS SETOF command_outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_done     integer[] := ARRAY(
        SELECT DISTINCT ON (c.booking_id) c.command_no
        FROM unnest(p_commands) AS c JOIN bookings AS b USING (booking_id)
        WHERE c.kind = 'confirm' AND b.show_id = p_show_id AND b.status = 'PENDING' AND b.expires_at > p_now
          AND (c.user_id IS NULL OR b.user_id = c.user_id)
        ORDER BY c.booking_id, c.command_no
    );
    v_seats    integer;
BEGIN
    IF v_done <> '{}' THEN
        -- fault point: before_confirm
        UPDATE bookings AS b
        SET status = 'CONFIRMED', expires_at = NULL, updated_at = p_now
        FROM unnest(p_commands) AS c
        WHERE c.command_no = ANY (v_done) AND b.show_id = p_show_id AND b.booking_id = c.booking_id;

        SELECT sum(cardinality(b.seats)) INTO v_seats
        FROM unnest(p_commands) AS c JOIN bookings AS b USING (booking_id)
        WHERE c.command_no = ANY (v_done) AND b.show_id = p_show_id;

        -- fault point: before_confirmed_counters
        UPDATE show_inventory
        SET held_seats = held_seats - v_seats, sold_seats = sold_seats + v_seats
        WHERE show_id = p_show_id;

        -- fault point: before_confirmed_events
        PERFORM append_events(p_show_id, ARRAY(
            SELECT ROW(
                p_show_id, NULL, 'confirmed', b.booking_id, b.user_id, b.seats, c.actor, p_now, c.command_no, NULL,
                c.origin, NULL
            )::show_events
            FROM unnest(p_commands) AS c JOIN bookings AS b USING (booking_id)
            WHERE c.command_no = ANY (v_done) AND b.show_id = p_show_id
            ORDER BY c.command_no
        ));
    END IF;
    RETURN QUERY
    SELECT o.* FROM unnest(p_commands) AS c, booking_outcome(c, c.command_no = ANY (v_done)) AS o
    WHERE c.kind = 'confirm';
END $$;
