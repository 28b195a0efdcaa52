-- lowered_hints(hints, place): the hints after places from `place` on became free. A new run of n free places
-- holds one of them, so it begins at `place` - n + 1 or later.
CREATE OR REPLACE FUNCTION lowered_hints(p_hints integer[], p_place integer) RETURNS integer[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    FOR n IN 1 .. cardinality(p_hints) LOOP
        p_hints[n] := GREATEST(1, LEAST(p_hints[n], p_place - n + 1));
    END LOOP;
    RETURN p_hints;
END $$;
