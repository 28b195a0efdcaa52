-- plain_choice(chunks, hints, total, free, count): picks `count` places of a plain show: the lowest run of
-- `count` free places, or if no run is that long, the fewest parts (scattered_places).
-- hints[n] moves up to the first run of n places that the search found: no run of n free places begins before
-- it. The last hint serves all longer runs, too. Source: next fit with a hint for each length.
CREATE OR REPLACE FUNCTION plain_choice(
    p_chunks bit varying[], p_hints integer[], p_total integer, p_free integer, p_count integer
) RETURNS seat_choice
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    v_hint    integer := LEAST(p_count, cardinality(p_hints));
    v_first   integer;
    v_places  integer[];
    v_longest integer;
BEGIN
    IF p_count > p_free THEN
        RETURN no_choice('insufficient_seats', jsonb_build_object('requested', p_count, 'available', p_free));
    END IF;
    v_first := find_run(p_chunks, p_hints[v_hint], p_count);
    IF v_hint = p_count THEN
        p_hints[v_hint] := COALESCE(v_first, p_total + 1);
    END IF;
    IF v_first IS NOT NULL THEN
        RETURN ROW('done', NULL, ARRAY(SELECT generate_series(v_first, v_first + p_count - 1)), NULL, p_hints)::seat_choice;
    END IF;
    SELECT s.places, s.longest INTO v_places, v_longest FROM scattered_places(array_to_string(p_chunks, ''), p_count) AS s;
    FOR n IN v_longest + 1 .. cardinality(p_hints) LOOP
        p_hints[n] := p_total + 1;
    END LOOP;
    RETURN ROW('done', NULL, v_places, NULL, p_hints)::seat_choice;
END $$;
