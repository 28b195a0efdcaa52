-- plain_choice(chunks, hints, total, free, count): picks `count` places of a plain show: the lowest run of
-- `count` free places. If no run is that long, the longest runs are taken until there are enough places,
-- which gives the fewest parts; of runs of one length the lowest comes first. hints[n] moves up to the first
-- run of n places that the search found: no run of n free places begins before it. The last hint serves all
-- longer runs, too. Source: next fit with a hint for each length; the length of the longest run is found by
-- halving.
CREATE OR REPLACE FUNCTION plain_choice(
    p_chunks bit varying[], p_hints integer[], p_total integer, p_free integer, p_count integer
) RETURNS seat_choice
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    v_places integer[] := '{}';
    v_known  integer := 0;            -- there is a run of this length, from v_first on
    v_none   integer := p_count + 1;  -- there is none of this length
    v_try    integer := p_count;
    v_first  integer;
    v_hint   integer;
    v_at     integer;
BEGIN
    IF p_count > p_free THEN
        RETURN no_choice('insufficient_seats', jsonb_build_object('requested', p_count, 'available', p_free));
    END IF;
    LOOP
        WHILE v_none - v_known > 1 LOOP
            v_hint := LEAST(v_try, cardinality(p_hints));
            v_at := find_run(p_chunks, p_hints[v_hint], v_try);
            IF v_hint = v_try THEN
                p_hints[v_hint] := COALESCE(v_at, p_total + 1);
            END IF;
            IF v_at IS NULL THEN
                v_none := v_try;
            ELSE
                v_known := v_try;
                v_first := v_at;
            END IF;
            v_try := (v_known + v_none) / 2;
        END LOOP;
        IF v_known = 0 THEN  -- no place is left: a wrong counter must not let us loop for ever
            RAISE data_corrupted USING MESSAGE = format('%s places are said to be free, and are not', p_free);
        END IF;
        FOR v_place IN v_first .. v_first + v_known - 1 LOOP
            v_places := v_places || v_place;
        END LOOP;
        EXIT WHEN v_known = p_count;  -- all places are in one run, and in order already
        IF cardinality(v_places) = p_count THEN
            v_places := ARRAY(SELECT p FROM unnest(v_places) AS p ORDER BY p);
            EXIT;
        END IF;
        p_chunks := marked_chunks(p_chunks, v_places);  -- the search for the next run must not meet this one
        v_known := 0;
        v_none := p_count - cardinality(v_places) + 1;
        v_try := v_none - 1;
    END LOOP;
    RETURN ROW('done', NULL, v_places, NULL, p_hints)::seat_choice;
END $$;
