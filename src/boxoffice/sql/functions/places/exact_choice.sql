-- exact_choice(chunks, total, free, places): exactly these places, whatever the layout, or why they cannot be
-- had.
CREATE OR REPLACE FUNCTION exact_choice(
    p_chunks bit varying[], p_total integer, p_free integer, p_places integer[]
) RETURNS seat_choice
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    v_wrong integer[];
BEGIN
    v_wrong := ARRAY(SELECT w FROM unnest(p_places) AS w WHERE w NOT BETWEEN 1 AND p_total);
    IF v_wrong <> '{}' THEN
        RETURN no_choice('seats_outside_show', jsonb_build_object('seats', v_wrong, 'total_seats', p_total));
    END IF;
    v_wrong := ARRAY(
        SELECT w FROM unnest(p_places) AS w WHERE get_bit(p_chunks[chunk_of(w) + 1], bit_of(w)) = 1
    );
    IF v_wrong <> '{}' THEN
        RETURN no_choice('seats_taken', jsonb_build_object('seats', v_wrong, 'available', p_free));
    END IF;
    RETURN ROW('done', NULL, p_places, NULL, NULL)::seat_choice;
END $$;
