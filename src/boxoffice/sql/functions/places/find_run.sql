-- find_run(chunks, from, count): the first place of the lowest run of count free places that begins at place
-- `from` or after it; NULL when there is none. chunks holds the show's map in order.
-- A run may cross into the next chunk: the window takes in the first count - 1 places of it. A search in bits
-- compares the run at each place, a search in a text skips: for long runs that outweighs the text's making.
CREATE OR REPLACE FUNCTION find_run(p_chunks bit varying[], p_from integer, p_count integer) RETURNS integer
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    v_run    bit varying := repeat('0', p_count)::bit varying;
    v_window bit varying;
    v_chunk  integer := chunk_of(p_from);
    v_skip   integer := bit_of(p_from);
    v_at     integer;
BEGIN
    WHILE v_chunk < cardinality(p_chunks) LOOP
        v_window := substring(p_chunks[v_chunk + 1] FROM v_skip + 1);
        IF p_count > 1 AND v_chunk + 1 < cardinality(p_chunks) THEN
            v_window := v_window || substring(p_chunks[v_chunk + 2] FOR p_count - 1);
        END IF;
        v_at := CASE WHEN p_count <= 64 THEN position(v_run IN v_window)
                     ELSE position(v_run::text IN v_window::text) END;
        IF v_at > 0 THEN
            RETURN v_chunk * 4096 + v_skip + v_at;
        END IF;
        v_chunk := v_chunk + 1;
        v_skip := 0;
    END LOOP;
    RETURN NULL;
END $$;
