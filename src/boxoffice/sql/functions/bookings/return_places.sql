-- return_places(show, now, command): gives some places of an active booking back; they are free at once. All
-- places that the command names go back, or none. A booking that keeps no place is cancelled.
-- Raises data_corrupted when the booking does not own the places.
-- Locks: the caller holds the show's inventory row; then its bookings, owners and chunks of the map.
CREATE OR REPLACE FUNCTION return_places(p_show_id bigint, p_now timestamptz, p_command engine_command)
RETURNS command_outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_back    integer[] := p_command.seat_numbers;
    v_count   integer := cardinality(v_back);
    v_booking bookings;
    v_kept    integer[];
    v_others  integer[];
    v_deleted integer;
BEGIN
    SELECT * INTO v_booking FROM bookings
    WHERE show_id = p_show_id AND booking_id = p_command.booking_id AND status IN ('PENDING', 'CONFIRMED')
      AND (p_command.owner_id IS NULL OR user_id = p_command.owner_id);
    IF NOT FOUND THEN
        RETURN booking_outcome(p_command, false);
    END IF;
    v_others := ARRAY(SELECT w FROM unnest(v_back) AS w WHERE w <> ALL (v_booking.places) ORDER BY w);
    IF v_others <> '{}' THEN
        RETURN refuse(p_command, 'seats_not_in_booking', jsonb_build_object('seats', v_others));
    END IF;
    v_kept := ARRAY(SELECT p FROM unnest(v_booking.places) AS p WHERE p <> ALL (v_back) ORDER BY p);
    IF v_kept = '{}' THEN
        PERFORM end_bookings(p_show_id, p_now, ARRAY[ROW(p_command.booking_id, 'CANCELLED', p_command)::booking_end]);
        RETURN booking_outcome(p_command, true);
    END IF;

    UPDATE bookings SET places = v_kept, updated_at = p_now
    WHERE show_id = p_show_id AND booking_id = p_command.booking_id;
    -- fault point: between_return_and_seats
    DELETE FROM booking_seats
    WHERE show_id = p_show_id AND place = ANY (v_back) AND booking_id = p_command.booking_id;
    GET DIAGNOSTICS v_deleted = ROW_COUNT;
    IF v_deleted <> v_count THEN
        RAISE data_corrupted USING
            MESSAGE = format('show %s: booking %s does not own the places %s', p_show_id, p_command.booking_id, v_back);
    END IF;
    -- fault point: before_returned_map
    PERFORM mark_places(p_show_id, v_back, 0);

    -- fault point: before_returned_counters
    UPDATE show_inventory
    SET free_places = free_places + v_count,
        held_places = held_places - CASE v_booking.status WHEN 'PENDING' THEN v_count ELSE 0 END,
        sold_places = sold_places - CASE v_booking.status WHEN 'CONFIRMED' THEN v_count ELSE 0 END,
        run_hints = lowered_hints(run_hints, (SELECT min(w) FROM unnest(v_back) AS w))
    WHERE show_id = p_show_id;

    -- fault point: before_returned_event
    PERFORM append_events(p_show_id, ARRAY[
        event_of(p_command, 'returned', v_booking.booking_id, v_booking.user_id, v_back, p_now, NULL)
    ]);
    RETURN booking_outcome(p_command, true);
END $$;
