-- end_bookings(show, now, ends): ends active bookings and gives their places back. The caller has made sure
-- that each is active, and named once. Raises data_corrupted when a booking does not own its places.
-- Each booking is looked up by its key, and no list is joined with another one (see confirm_bookings): a plan
-- that compares each of 5,000 holds with each would take half a minute.
-- Locks: the caller holds the show's inventory row; then its bookings, owners and chunks of the map.
CREATE OR REPLACE FUNCTION end_bookings(p_show_id bigint, p_now timestamptz, p_ends booking_end[]) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_ids     bigint[] := ARRAY(SELECT e.booking_id FROM unnest(p_ends) AS e);
    v_places  integer[];
    v_held    integer;
    v_first   integer;
    v_deleted integer;
    v_end     record;
BEGIN
    SELECT array_agg(p.place), count(*) FILTER (WHERE b.status = 'PENDING'), min(p.place)
    INTO v_places, v_held, v_first
    FROM bookings AS b, unnest(b.places) AS p (place)
    WHERE b.show_id = p_show_id AND b.booking_id = ANY (v_ids);

    FOR v_end IN
        SELECT e.status, (e.command).reason AS reason, array_agg(e.booking_id) AS ids
        FROM unnest(p_ends) AS e GROUP BY 1, 2
    LOOP
        UPDATE bookings SET status = v_end.status, reason = v_end.reason, updated_at = p_now
        WHERE show_id = p_show_id AND booking_id = ANY (v_end.ids);
    END LOOP;

    -- fault point: between_ends_and_seats
    DELETE FROM booking_seats
    WHERE show_id = p_show_id AND place = ANY (v_places) AND booking_id = ANY (v_ids);
    GET DIAGNOSTICS v_deleted = ROW_COUNT;
    IF v_deleted <> cardinality(v_places) THEN
        RAISE data_corrupted USING
            MESSAGE = format('show %s: bookings %s do not own the places that they list', p_show_id, v_ids);
    END IF;
    -- fault point: before_released_map
    PERFORM mark_places(p_show_id, v_places, 0);

    -- fault point: before_released_counters
    UPDATE show_inventory
    SET free_places = free_places + cardinality(v_places),
        held_places = held_places - v_held,
        sold_places = sold_places - (cardinality(v_places) - v_held),
        run_hints = lowered_hints(run_hints, v_first)
    WHERE show_id = p_show_id;

    -- fault point: before_ended_events
    PERFORM append_events(p_show_id, ARRAY(
        SELECT event_of(
            e.command, lower(e.status), b.booking_id, b.user_id, b.places, p_now, NULL
        )
        FROM unnest(p_ends) WITH ORDINALITY AS e (booking_id, status, command, no)
        CROSS JOIN LATERAL (
            SELECT booking_id, user_id, places FROM bookings WHERE show_id = p_show_id AND booking_id = e.booking_id
            OFFSET 0
        ) AS b
        ORDER BY e.no
    ));
END $$;
