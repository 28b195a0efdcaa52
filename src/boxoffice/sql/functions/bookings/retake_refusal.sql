-- retake_refusal(booking, outcomes, details): why a late confirm does not get its places again: other
-- bookings have some of them (details.seats, if the refusal says which), or an earlier command of this batch
-- has taken them again for the same hold.
CREATE OR REPLACE FUNCTION retake_refusal(p_booking_id bigint, p_outcomes command_outcome[], p_details jsonb)
RETURNS seat_choice
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    v_rival bigint := (
        SELECT (o.booking).booking_id FROM unnest(p_outcomes) AS o WHERE (o.booking).retaken_from = p_booking_id
    );
BEGIN
    IF v_rival IS NOT NULL THEN
        RETURN no_choice('invalid_state', jsonb_build_object('state', 'EXPIRED', 'retaken_by', v_rival));
    END IF;
    RETURN no_choice(
        'hold_expired', jsonb_build_object('state', 'EXPIRED', 'seats', COALESCE(p_details -> 'seats', '[]'))
    );
END $$;
