-- unblock_places(show, now, command): gives blocked places back to sale, all or none.
-- Locks: the caller holds the show's inventory row; then its owners and chunks of the map.
CREATE OR REPLACE FUNCTION unblock_places(p_show_id bigint, p_now timestamptz, p_command engine_command)
RETURNS command_outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_places  integer[] := p_command.seat_numbers;
    v_booking bookings;
    v_others  integer[] := ARRAY(
        SELECT w FROM unnest(v_places) AS w
        WHERE NOT EXISTS (
            SELECT FROM booking_seats AS s
            WHERE s.show_id = p_show_id AND s.place = w AND s.booking_id IS NULL
        )
        ORDER BY w
    );
BEGIN
    IF v_others <> '{}' THEN
        RETURN refuse(p_command, 'seats_not_blocked', jsonb_build_object('seats', v_others));
    END IF;
    DELETE FROM booking_seats WHERE show_id = p_show_id AND place = ANY (v_places);
    -- fault point: before_unblocked_map
    PERFORM mark_places(p_show_id, v_places, 0);
    UPDATE show_inventory
    SET free_places = free_places + cardinality(v_places),
        blocked_places = blocked_places - cardinality(v_places),
        run_hints = lowered_hints(run_hints, (SELECT min(w) FROM unnest(v_places) AS w))
    WHERE show_id = p_show_id;
    PERFORM append_event(p_show_id, p_now, p_command, 'unblocked', v_places, NULL);
    v_booking.places := v_places;
    RETURN done(p_command, v_booking, NULL);
END $$;
