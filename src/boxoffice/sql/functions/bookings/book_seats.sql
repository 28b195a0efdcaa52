-- book_seats(show, now, commands): the retake, book and block commands: allocates, then writes all of
-- it at once. Locks: the caller holds the show's inventory row; then its sections.
CREATE OR REPLACE FUNCTION book_seats(p_show_id bigint, p_now timestamptz, p_commands show_command[])
RETURNS SETOF command_outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_outcomes command_outcome[];
    v_hints    integer[];
    v_seats    integer[];
    v_held     integer;
    v_blocked  integer;
    v_booked   integer;
    v_events   integer;
BEGIN
    SELECT a.outcomes, a.hints INTO v_outcomes, v_hints FROM allocate_seats(p_show_id, p_now, p_commands) AS a;

    -- fault point: after_allocation
    INSERT INTO bookings
    SELECT (o.booking).* FROM unnest(v_outcomes) AS o WHERE (o.booking).booking_id IS NOT NULL;
    GET DIAGNOSTICS v_booked = ROW_COUNT;
    IF EXISTS (
        SELECT FROM users
        WHERE erased_at IS NOT NULL AND user_id IN (SELECT (o.booking).user_id FROM unnest(v_outcomes) AS o)
    ) THEN  -- erased after the commands were looked at, before the bookings locked the user
        RAISE serialization_failure USING MESSAGE = format('show %s: a user was erased meanwhile', p_show_id);
    END IF;

    -- fault point: between_bookings_and_seats
    INSERT INTO booking_seats (show_id, seat_number, booking_id, block_reason)
    SELECT p_show_id, seat, (o.booking).booking_id,
           CASE WHEN (o.booking).booking_id IS NULL THEN (o.booking).reason END
    FROM unnest(v_outcomes) AS o, unnest((o.booking).seats) AS seat;

    SELECT array_agg(seat), count(*) FILTER (WHERE (o.booking).status = 'PENDING'),
           count(*) FILTER (WHERE (o.booking).booking_id IS NULL), count(DISTINCT o.command_no)
    INTO v_seats, v_held, v_blocked, v_events
    FROM unnest(v_outcomes) AS o, unnest((o.booking).seats) AS seat;

    IF v_events > 0 THEN
        -- fault point: before_booked_map
        PERFORM mark_seats(p_show_id, v_seats, 1);

        -- fault point: before_booked_counters
        UPDATE show_inventory
        SET free_seats = free_seats - cardinality(v_seats),
            held_seats = held_seats + v_held,
            sold_seats = sold_seats + cardinality(v_seats) - v_held - v_blocked,
            blocked_seats = blocked_seats + v_blocked,
            last_booking_number = last_booking_number + v_booked,
            next_expiry_at = LEAST(
                next_expiry_at, (SELECT min((o.booking).expires_at) FROM unnest(v_outcomes) AS o)
            ),
            run_hints = v_hints
        WHERE show_id = p_show_id;

        -- fault point: before_booked_events
        PERFORM append_events(p_show_id, ARRAY(
            SELECT ROW(
                p_show_id, NULL,
                CASE (o.booking).status WHEN 'CONFIRMED' THEN 'booked' WHEN 'PENDING' THEN 'held' ELSE 'blocked' END,
                (o.booking).booking_id, (o.booking).user_id, (o.booking).seats, c.actor, p_now, o.command_no,
                nullif(jsonb_strip_nulls(jsonb_build_object(
                    'expires_at', (o.booking).expires_at, 'retaken_from', (o.booking).retaken_from,
                    'reason', (o.booking).reason
                )), '{}'),
                c.origin, NULL
            )::show_events
            FROM unnest(v_outcomes) WITH ORDINALITY AS o (command_no, show_id, code, replayed, booking, details, place)
            JOIN unnest(p_commands) AS c ON c.command_no = o.command_no
            WHERE o.code = 'done'
            ORDER BY o.place
        ));
    END IF;
    RETURN QUERY SELECT * FROM unnest(v_outcomes);
END $$;
