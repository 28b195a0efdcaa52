-- The map of show $1: one character a seat, '1' for taken.
SELECT i.show_id, i.last_seq AS seq,
       (SELECT string_agg(m.taken::text, '' ORDER BY m.chunk_no) FROM map_chunks AS m WHERE m.show_id = $1) AS taken
FROM show_inventory AS i
WHERE i.show_id = $1 AND i.deleted_at IS NULL
