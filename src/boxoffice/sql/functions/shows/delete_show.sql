-- delete_show(show, now, command): takes a show without active bookings off sale and off the lists. Whether
-- there are any is told by the counters. The refusal counts the bookings of the first 20,000 owned places.
-- Locks: the caller holds the show's inventory row.
CREATE OR REPLACE FUNCTION delete_show(p_show_id bigint, p_now timestamptz, p_command engine_command)
RETURNS command_outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_show    show_inventory;
    v_active  bigint;
    v_refusal command_outcome := version_refusal(p_show_id, p_command);
BEGIN
    SELECT * INTO v_show FROM show_inventory WHERE show_id = p_show_id;
    IF v_show.deleted_at IS NOT NULL THEN
        RETURN refuse(p_command, 'show_not_found', NULL);  -- another command of this batch deleted it
    END IF;
    IF v_refusal.code IS NOT NULL THEN
        RETURN v_refusal;
    END IF;
    IF v_show.held_places + v_show.sold_places > 0 THEN
        SELECT count(DISTINCT s.booking_id) INTO v_active FROM (
            SELECT booking_id FROM booking_seats WHERE show_id = p_show_id AND booking_id IS NOT NULL
            ORDER BY place LIMIT 20000
        ) AS s;
        RETURN refuse(p_command, 'active_bookings', jsonb_build_object('count', v_active));
    END IF;
    UPDATE show_inventory SET deleted_at = p_now WHERE show_id = p_show_id;
    -- fault point: before_deleted_event
    PERFORM append_event(p_show_id, p_now, p_command, 'show_deleted', '{}', NULL);
    RETURN done(p_command, NULL, show_view(p_show_id));
END $$;
