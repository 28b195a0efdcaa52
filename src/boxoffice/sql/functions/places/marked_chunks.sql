-- marked_chunks(chunks, places): the chunks of a show's map with these places taken.
CREATE OR REPLACE FUNCTION marked_chunks(p_chunks bit varying[], p_places integer[]) RETURNS bit varying[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    v_place integer;
BEGIN
    FOREACH v_place IN ARRAY p_places LOOP
        p_chunks[chunk_of(v_place) + 1] := set_bit(p_chunks[chunk_of(v_place) + 1], bit_of(v_place), 1);
    END LOOP;
    RETURN p_chunks;
END $$;
