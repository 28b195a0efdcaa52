-- mark_places(show, places, value): marks places as taken (1) or free (0) on the show's map.
-- A place that is marked so already breaks the constraint chunk_adds_up: the bits would not match the count.
-- Locks: the caller holds the show's inventory row; then its chunks.
CREATE OR REPLACE FUNCTION mark_places(p_show_id bigint, p_places integer[], p_value integer) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    UPDATE map_chunks AS m
    SET taken = flip_bits(m.taken, t.bits, p_value),
        free_places = m.free_places + CASE p_value WHEN 1 THEN -t.places ELSE t.places END
    FROM (
        SELECT chunk_of(u.place) AS chunk_no, array_agg(bit_of(u.place)) AS bits, count(*)::integer AS places
        FROM unnest(p_places) AS u (place)
        GROUP BY 1
    ) AS t
    WHERE m.show_id = p_show_id AND m.chunk_no = t.chunk_no;
END $$;
