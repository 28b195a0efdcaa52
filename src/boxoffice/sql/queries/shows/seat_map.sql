-- The map of show $1 from seat $2 on, $3 seats at most: one character a seat, '1' for taken. Only the chunks
-- in which these seats lie are read.
SELECT i.show_id, i.last_seq AS seq, i.total_places AS total_seats,
       (SELECT coalesce(substr(string_agg(m.taken::text, '' ORDER BY m.chunk_no), bit_of($2) + 1, $3), '')
        FROM map_chunks AS m
        WHERE m.show_id = $1 AND m.chunk_no BETWEEN chunk_of($2) AND chunk_of($2 + $3 - 1)) AS taken
FROM show_inventory AS i
WHERE i.show_id = $1 AND i.deleted_at IS NULL
