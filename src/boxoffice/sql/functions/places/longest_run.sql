-- longest_run(map, none): how long the longest run of free places ('0') of a map is; 0 if none is free. No
-- run is as long as `none`. Source: halving.
CREATE OR REPLACE FUNCTION longest_run(p_map text, p_none integer) RETURNS integer
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    v_known integer := 0;  -- there is a run of this length
    v_try   integer;
BEGIN
    WHILE p_none - v_known > 1 LOOP
        v_try := (v_known + p_none) / 2;
        IF position(repeat('0', v_try) IN p_map) > 0 THEN
            v_known := v_try;
        ELSE
            p_none := v_try;
        END IF;
    END LOOP;
    RETURN v_known;
END $$;
