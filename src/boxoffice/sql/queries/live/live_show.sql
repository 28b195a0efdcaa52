-- Show $1 as its watchers begin with it, all of one snapshot: what it is, its last event, its map ('1' for
-- each place that is taken), and the places that the house keeps. They are looked for only if there are any.
SELECT s.name, s.start_time, s.live, i.total_places AS total_seats, i.last_seq AS seq, i.last_link AS link,
       i.archived_at IS NOT NULL AS archived,
       (SELECT string_agg(m.taken::text, '' ORDER BY m.chunk_no) FROM map_chunks AS m WHERE m.show_id = $1) AS taken,
       CASE WHEN i.blocked_places = 0 THEN '{}' ELSE
           ARRAY(SELECT o.place FROM all_seats AS o WHERE o.show_id = $1 AND o.booking_id IS NULL)
       END AS blocked
FROM shows AS s JOIN show_inventory AS i USING (show_id)
WHERE s.show_id = $1 AND i.deleted_at IS NULL
