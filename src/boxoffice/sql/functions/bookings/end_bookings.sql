-- end_bookings(show, now, ends): ends active bookings and gives their seats back. The caller has made
-- sure that each is active, and named once. Raises data_corrupted when a booking does not own its seats.
-- Locks: the caller holds the show's inventory row; then its bookings, seats and sections.
CREATE OR REPLACE FUNCTION end_bookings(p_show_id bigint, p_now timestamptz, p_ends booking_end[]) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_ids      bigint[] := ARRAY(SELECT e.booking_id FROM unnest(p_ends) AS e);
    v_seats    integer[];
    v_held     integer;
    v_first    integer;
    v_deleted  integer;
BEGIN
    SELECT array_agg(seat), count(*) FILTER (WHERE b.status = 'PENDING'), min(seat)
    INTO v_seats, v_held, v_first
    FROM bookings AS b, unnest(b.seats) AS seat
    WHERE b.show_id = p_show_id AND b.booking_id = ANY (v_ids);

    UPDATE bookings AS b
    SET status = e.status, reason = e.reason, updated_at = p_now
    FROM unnest(p_ends) AS e
    WHERE b.show_id = p_show_id AND b.booking_id = e.booking_id;

    -- fault point: between_ends_and_seats
    DELETE FROM booking_seats
    WHERE show_id = p_show_id AND seat_number = ANY (v_seats) AND booking_id = ANY (v_ids);
    GET DIAGNOSTICS v_deleted = ROW_COUNT;
    IF v_deleted <> cardinality(v_seats) THEN
        RAISE data_corrupted USING
            MESSAGE = format('show %s: bookings %s do not own the seats that they list', p_show_id, v_ids);
    END IF;
    -- fault point: before_released_map
    PERFORM mark_seats(p_show_id, v_seats, 0);

    -- fault point: before_released_counters
    UPDATE show_inventory
    SET free_seats = free_seats + cardinality(v_seats),
        held_seats = held_seats - v_held,
        sold_seats = sold_seats - (cardinality(v_seats) - v_held),
        run_hints = lowered_hints(run_hints, v_first)
    WHERE show_id = p_show_id;

    -- fault point: before_ended_events
    PERFORM append_events(p_show_id, ARRAY(
        SELECT ROW(
            p_show_id, NULL, lower(e.status), b.booking_id, b.user_id, b.seats, e.actor, p_now, e.command_no,
            CASE WHEN e.reason IS NOT NULL THEN jsonb_build_object('reason', e.reason) END, e.origin, NULL
        )::show_events
        FROM unnest(p_ends) WITH ORDINALITY AS e (command_no, booking_id, status, actor, reason, origin, place)
        JOIN bookings AS b ON b.show_id = p_show_id AND b.booking_id = e.booking_id
        ORDER BY e.place
    ));
END $$;
