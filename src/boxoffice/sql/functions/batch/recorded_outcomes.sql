-- recorded_outcomes(show, batch): the outcomes of a batch that was committed before, read from its events,
-- for a program that lost the answer. A command without an effect wrote no event, so it has no row here; the
-- program sends it again.
-- The range of its numbers is read first, so that its events are looked up by their key: a join would read
-- half the history of the show, by a plan that was made before the server had statistics.
-- Locks: the caller holds the show's inventory row.
CREATE OR REPLACE FUNCTION recorded_outcomes(p_show_id bigint, p_batch_id uuid) RETURNS SETOF command_outcome
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_first   bigint;
    v_last    bigint;
    v_event   record;
    v_booking bookings;
BEGIN
    SELECT first_seq, last_seq INTO v_first, v_last FROM show_batches
    WHERE show_id = p_show_id AND batch_id = p_batch_id;
    FOR v_event IN
        SELECT command_no, booking_id, places FROM show_events
        WHERE show_id = p_show_id AND seq BETWEEN v_first AND v_last AND command_no IS NOT NULL
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
