-- recorded_outcomes(show, batch): the outcomes of a batch that was committed before, read from its events,
-- for a program that lost the answer. A command without an effect wrote no event, so it has no row here; the
-- program sends it again.
-- Locks: the caller holds the show's inventory row.
CREATE OR REPLACE FUNCTION recorded_outcomes(p_show_id bigint, p_batch_id uuid) RETURNS SETOF command_outcome
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_event   record;
    v_booking bookings;
BEGIN
    FOR v_event IN
        SELECT e.command_no, e.booking_id, e.places
        FROM show_batches AS r
        JOIN show_events AS e ON e.show_id = p_show_id AND e.seq BETWEEN r.first_seq AND r.last_seq
        WHERE r.show_id = p_show_id AND r.batch_id = p_batch_id AND e.command_no IS NOT NULL
    LOOP
        v_booking := NULL;
        IF v_event.booking_id IS NOT NULL THEN
            SELECT * INTO v_booking FROM bookings WHERE show_id = p_show_id AND booking_id = v_event.booking_id;
        ELSE
            v_booking.places := v_event.places;
        END IF;
        RETURN NEXT ROW(
            v_event.command_no, 'done', false, v_booking,
            CASE WHEN v_event.booking_id IS NULL AND v_event.places = '{}' THEN show_view(p_show_id) END
        )::command_outcome;
    END LOOP;
END $$;
