-- resize_map(show, total): makes the show's map cover the places 1 to total; new places are free. The caller
-- has made sure that the places beyond total are free. Locks: the caller holds the show's inventory row; then
-- its chunks.
CREATE OR REPLACE FUNCTION resize_map(p_show_id bigint, p_total integer) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    DELETE FROM map_chunks WHERE show_id = p_show_id AND chunk_no > chunk_of(p_total);

    UPDATE map_chunks AS m
    SET taken = substring(m.taken || repeat('0', 4096)::bit varying FOR t.places),
        free_places = m.free_places + t.places - length(m.taken)
    FROM (SELECT chunk_no, LEAST(4096, p_total - chunk_no * 4096) AS places
          FROM map_chunks WHERE show_id = p_show_id) AS t
    WHERE m.show_id = p_show_id AND m.chunk_no = t.chunk_no AND length(m.taken) <> t.places;

    INSERT INTO map_chunks (show_id, chunk_no, taken, free_places)
    SELECT p_show_id, no, repeat('0', LEAST(4096, p_total - no * 4096))::bit varying, LEAST(4096, p_total - no * 4096)
    FROM generate_series(
        (SELECT COALESCE(max(chunk_no) + 1, 0) FROM map_chunks WHERE show_id = p_show_id), chunk_of(p_total)
    ) AS no;
END $$;
