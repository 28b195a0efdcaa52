-- booking_outcome(command, done): the outcome of a command on a booking, read after all effects: the booking
-- if the command is among those that are `done`, else the reason why it is not. If the command has an
-- owner_id, another user's booking is 'booking_not_found'. Locks: none.
CREATE OR REPLACE FUNCTION booking_outcome(p_command engine_command, p_done boolean) RETURNS command_outcome
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_booking   bookings;
    v_successor bigint;
BEGIN
    SELECT * INTO v_booking FROM bookings
    WHERE show_id = p_command.show_id AND booking_id = p_command.booking_id
      AND (p_command.owner_id IS NULL OR user_id = p_command.owner_id);
    IF NOT FOUND THEN
        RETURN refuse(p_command, 'booking_not_found', NULL);
    ELSIF p_done THEN
        RETURN done(p_command, v_booking, NULL);
    END IF;
    SELECT booking_id INTO v_successor FROM bookings
    WHERE show_id = p_command.show_id AND retaken_from = p_command.booking_id;
    IF p_command.kind IN ('confirm', 'extend') AND v_booking.status = 'EXPIRED' AND v_successor IS NULL THEN
        RETURN refuse(p_command, 'hold_expired', jsonb_build_object('state', v_booking.status, 'seats', '[]'::jsonb));
    END IF;
    RETURN refuse(p_command, 'invalid_state', jsonb_strip_nulls(
        jsonb_build_object('state', v_booking.status, 'retaken_by', v_successor)
    ));
END $$;
