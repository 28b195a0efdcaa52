-- retake_refusal(booking, outcomes, details): why a late confirm does not get its seats again: others have them
-- (details.seats, as far as that is why), or an earlier command of this batch took them again for the same hold.
CREATE OR REPLACE FUNCTION retake_refusal(
    p_booking_id bigint, p_outcomes command_outcome[], OUT code text, INOUT details jsonb
) LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    v_rival bigint := (
        SELECT (o.booking).booking_id FROM unnest(p_outcomes) AS o WHERE (o.booking).retaken_from = p_booking_id
    );
BEGIN
    code := CASE WHEN v_rival IS NULL THEN 'hold_expired' ELSE 'invalid_state' END;
    details := jsonb_strip_nulls(jsonb_build_object(
        'state', 'EXPIRED', 'retaken_by', v_rival,
        'seats', CASE WHEN v_rival IS NULL THEN COALESCE(details -> 'seats', '[]') END
    ));
END $$;
