-- book_places(show, now, commands): the retake, book and block commands: decides them all, then writes all
-- of it at once.
-- Locks: the caller holds the show's inventory row; then the users (by the foreign key of their bookings),
-- the owners, and its chunks of the map.
CREATE OR REPLACE FUNCTION book_places(p_show_id bigint, p_now timestamptz, p_commands engine_command[])
RETURNS command_outcome[]
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_outcomes command_outcome[];
    v_hints    integer[];
    v_places   integer[];
    v_held     integer;
    v_blocked  integer;
    v_booked   integer;
BEGIN
    SELECT a.outcomes, a.hints INTO v_outcomes, v_hints FROM allocate_places(p_show_id, p_now, p_commands) AS a;

    -- fault point: after_allocation
    INSERT INTO bookings
    SELECT (o.booking).* FROM unnest(v_outcomes) AS o WHERE (o.booking).booking_id IS NOT NULL;
    GET DIAGNOSTICS v_booked = ROW_COUNT;
    IF EXISTS (
        SELECT FROM users
        WHERE erased_at IS NOT NULL AND user_id IN (SELECT (o.booking).user_id FROM unnest(v_outcomes) AS o)
    ) THEN  -- the user was erased after allocate_places read the row, and before the booking locked it
        RAISE serialization_failure USING MESSAGE = format('show %s: a user was erased meanwhile', p_show_id);
    END IF;

    -- fault point: between_bookings_and_seats
    INSERT INTO booking_seats (show_id, place, booking_id, block_reason)
    SELECT p_show_id, p.place, (o.booking).booking_id,
           CASE WHEN (o.booking).booking_id IS NULL THEN (o.booking).reason END
    FROM unnest(v_outcomes) AS o, unnest((o.booking).places) AS p (place);

    SELECT array_agg(p.place), count(*) FILTER (WHERE (o.booking).status = 'PENDING'),
           count(*) FILTER (WHERE (o.booking).booking_id IS NULL)
    INTO v_places, v_held, v_blocked
    FROM unnest(v_outcomes) AS o, unnest((o.booking).places) AS p (place);

    IF v_places IS NOT NULL THEN
        -- fault point: before_booked_map
        PERFORM mark_places(p_show_id, v_places, 1);

        -- fault point: before_booked_counters
        UPDATE show_inventory
        SET free_places = free_places - cardinality(v_places),
            held_places = held_places + v_held,
            sold_places = sold_places + cardinality(v_places) - v_held - v_blocked,
            blocked_places = blocked_places + v_blocked,
            last_booking_number = last_booking_number + v_booked,
            next_expiry_at = LEAST(
                next_expiry_at, (SELECT min((o.booking).expires_at) FROM unnest(v_outcomes) AS o)
            ),
            run_hints = v_hints
        WHERE show_id = p_show_id;

        -- fault point: before_booked_events
        PERFORM append_events(p_show_id, booked_events(p_now, p_commands, v_outcomes));
    END IF;
    RETURN v_outcomes;
END $$;
