-- find_run(maps, from, count): the first seat of the lowest run of count free seats that begins at or
-- after seat `from`; NULL when there is none. maps holds the show's sections in order.
-- A run may cross into the next section: the window takes in the first count - 1 seats of it.
CREATE OR REPLACE FUNCTION find_run(p_maps bit varying[], p_from integer, p_count integer) RETURNS integer
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    v_run     bit varying := repeat('0', p_count)::bit varying;
    v_window  bit varying;
    v_section integer := section_of(p_from);
    v_skip    integer := bit_of(p_from);
    v_at      integer;
BEGIN
    WHILE v_section < cardinality(p_maps) LOOP
        v_window := substring(p_maps[v_section + 1] FROM v_skip + 1);
        IF p_count > 1 AND v_section + 1 < cardinality(p_maps) THEN
            v_window := v_window || substring(p_maps[v_section + 2] FOR p_count - 1);
        END IF;
        v_at := position(v_run IN v_window);
        IF v_at > 0 THEN
            RETURN v_section * 4096 + v_skip + v_at;
        END IF;
        v_section := v_section + 1;
        v_skip := 0;
    END LOOP;
    RETURN NULL;
END $$;
