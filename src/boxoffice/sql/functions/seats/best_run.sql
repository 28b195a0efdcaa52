-- best_run(maps, hints, total, count): the seats of the lowest run of count free seats or, when no run
-- is that long, of the longest there is (the lowest of these). Longest first gives the fewest runs.
-- hints[n] moves on to what the search found: no run of n free seats begins before it; the last hint
-- serves all longer runs, too. Needs at least one free seat.
CREATE OR REPLACE FUNCTION best_run(
    p_maps bit varying[], INOUT hints integer[], p_total integer, p_count integer, OUT seats integer[]
) LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    v_known integer := 0;           -- there is a run of this length, from v_first on
    v_none  integer := p_count + 1; -- there is none of this length
    v_try   integer := p_count;
    v_first integer;
    v_hint  integer;
    v_at    integer;
BEGIN
    WHILE v_none - v_known > 1 LOOP
        v_hint := LEAST(v_try, cardinality(hints));
        v_at := find_run(p_maps, hints[v_hint], v_try);
        IF v_hint = v_try THEN
            hints[v_hint] := COALESCE(v_at, p_total + 1);
        END IF;
        IF v_at IS NULL THEN
            v_none := v_try;
        ELSE
            v_known := v_try;
            v_first := v_at;
        END IF;
        v_try := (v_known + v_none) / 2;
    END LOOP;
    seats := ARRAY(SELECT generate_series(v_first, v_first + v_known - 1));
END $$;
