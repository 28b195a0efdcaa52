-- confirm_bookings(show, now, commands): the confirm commands on holds that have not run out (those that have
-- were ended before). The first command on a booking has the effect.
-- Each booking is looked up by its key (OFFSET 0, or = ANY, keeps it so). Else a plan that was made while few
-- holds were pending would read all holds of the show for each command, by their partial index; and one that
-- was made while the table was empty would read all bookings of the show.
-- Locks: the caller holds the show's inventory row; then its bookings.
CREATE OR REPLACE FUNCTION confirm_bookings(p_show_id bigint, p_now timestamptz, p_commands engine_command[])
RETURNS command_outcome[]
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_done   integer[] := ARRAY(
        SELECT DISTINCT ON (c.booking_id) c.command_no
        FROM unnest(p_commands) AS c CROSS JOIN LATERAL (
            SELECT user_id, status, expires_at FROM bookings
            WHERE show_id = p_show_id AND booking_id = c.booking_id
            OFFSET 0
        ) AS b
        WHERE c.kind = 'confirm' AND b.status = 'PENDING' AND b.expires_at > p_now
          AND (c.owner_id IS NULL OR b.user_id = c.owner_id)
        ORDER BY c.booking_id, c.command_no
    );
    v_ids    bigint[] := ARRAY(SELECT c.booking_id FROM unnest(p_commands) AS c WHERE c.command_no = ANY (v_done));
    v_places integer;
BEGIN
    IF v_done <> '{}' THEN
        -- fault point: before_confirm
        UPDATE bookings SET status = 'CONFIRMED', expires_at = NULL, updated_at = p_now
        WHERE show_id = p_show_id AND booking_id = ANY (v_ids);

        SELECT sum(cardinality(places)) INTO v_places FROM bookings
        WHERE show_id = p_show_id AND booking_id = ANY (v_ids);

        -- fault point: before_confirmed_counters
        UPDATE show_inventory
        SET held_places = held_places - v_places, sold_places = sold_places + v_places
        WHERE show_id = p_show_id;

        -- fault point: before_confirmed_events
        PERFORM append_events(p_show_id, ARRAY(
            SELECT event_of(c, 'confirmed', b.booking_id, b.user_id, b.places, p_now, NULL)
            FROM unnest(p_commands) AS c JOIN bookings AS b USING (booking_id)
            WHERE c.command_no = ANY (v_done) AND b.show_id = p_show_id AND b.booking_id = ANY (v_ids)
            ORDER BY c.command_no
        ));
    END IF;
    RETURN booking_outcomes(p_commands, '{confirm}', v_done);
END $$;
