-- explicit_refusal(maps, total, free, seats): why exactly these seats cannot be had; code "done" when
-- they can.
CREATE OR REPLACE FUNCTION explicit_refusal(
    p_maps bit varying[], p_total integer, p_free integer, p_seats integer[], OUT code text, OUT details jsonb
) LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    v_wrong integer[];
BEGIN
    code := 'done';
    v_wrong := ARRAY(SELECT seat FROM unnest(p_seats) AS seat WHERE seat NOT BETWEEN 1 AND p_total);
    IF v_wrong <> '{}' THEN
        code := 'seats_outside_show';
        details := jsonb_build_object('seats', v_wrong, 'total_seats', p_total);
        RETURN;
    END IF;
    v_wrong := ARRAY(
        SELECT seat FROM unnest(p_seats) AS seat
        WHERE get_bit(p_maps[section_of(seat) + 1], bit_of(seat)) = 1
    );
    IF v_wrong <> '{}' THEN
        code := 'seats_taken';
        details := jsonb_build_object('seats', v_wrong, 'available', p_free);
    END IF;
END $$;
