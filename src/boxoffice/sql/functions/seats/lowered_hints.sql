-- lowered_hints(hints, seat): the hints after seats from `seat` on became free: a run of n that is new
-- holds one of them, so it begins at `seat` - n + 1 or later.
CREATE OR REPLACE FUNCTION lowered_hints(p_hints integer[], p_seat integer) RETURNS integer[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    FOR n IN 1 .. cardinality(p_hints) LOOP
        p_hints[n] := GREATEST(1, LEAST(p_hints[n], p_seat - n + 1));
    END LOOP;
    RETURN p_hints;
END $$;
