-- booking_outcome(command, done): the outcome of a command on a booking, read after the effects: the
-- booking when the command is among those done, else why not. A command with a user is for that user's
-- bookings; another's is not found. Locks: none.
CREATE OR REPLACE FUNCTION booking_outcome(p_command show_command, p_done boolean) RETURNS command_outcome
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_booking   bookings;
    v_successor bigint;
    v_outcome   command_outcome := ROW(p_command.command_no, p_command.show_id, 'done', false, NULL, NULL);
BEGIN
    SELECT * INTO v_booking FROM bookings
    WHERE show_id = p_command.show_id AND booking_id = p_command.booking_id
      AND (p_command.user_id IS NULL OR user_id = p_command.user_id);
    IF NOT FOUND THEN
        v_outcome.code := 'booking_not_found';
    ELSIF p_done THEN
        v_outcome.booking := v_booking;
    ELSE
        SELECT booking_id INTO v_successor FROM bookings
        WHERE show_id = p_command.show_id AND retaken_from = p_command.booking_id;
        v_outcome.code := CASE
            WHEN p_command.kind IN ('confirm', 'extend') AND v_booking.status = 'EXPIRED' AND v_successor IS NULL
            THEN 'hold_expired' ELSE 'invalid_state'
        END;
        v_outcome.details := jsonb_strip_nulls(jsonb_build_object(
            'state', v_booking.status, 'retaken_by', v_successor,
            'seats', CASE v_outcome.code WHEN 'hold_expired' THEN '[]'::jsonb END
        ));
    END IF;
    RETURN v_outcome;
END $$;
