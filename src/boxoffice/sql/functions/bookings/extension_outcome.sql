-- extension_outcome(command, now, done): the outcome of an extend command, read after all effects. A command
-- without an effect gets the hold as it is, unless it asked for a later end than the hold's longest lifetime
-- allows: then it is refused.
-- Locks: none.
CREATE OR REPLACE FUNCTION extension_outcome(p_command engine_command, p_now timestamptz, p_done boolean)
RETURNS command_outcome
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_outcome command_outcome := booking_outcome(p_command, true);
    v_booking bookings := v_outcome.booking;
BEGIN
    IF v_booking.status <> 'PENDING' THEN
        RETURN booking_outcome(p_command, false);
    ELSIF NOT p_done AND p_now + make_interval(secs => p_command.hold_seconds) > v_booking.expires_at THEN
        RETURN refuse(p_command, 'hold_lifetime_over', jsonb_build_object(
            'expires_at', moment_text(v_booking.expires_at), 'lifetime_seconds', p_command.lifetime_seconds_max
        ));
    END IF;
    RETURN v_outcome;
END $$;
