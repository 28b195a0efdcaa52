-- The seats of show $1 by state, and its bookings: a JSON object from status to count.
SELECT i.show_id, s.name AS show_name, i.total_places AS total_seats, i.free_places AS available_seats,
       i.held_places AS held_seats, i.sold_places AS sold_seats, i.blocked_places AS blocked_seats, i.last_seq AS seq,
       (SELECT COALESCE(jsonb_object_agg(b.status, b.bookings), '{}')
        FROM (SELECT status, count(*) AS bookings FROM all_bookings WHERE show_id = $1 GROUP BY status) AS b) AS bookings
FROM show_inventory AS i JOIN shows AS s USING (show_id)
WHERE i.show_id = $1 AND i.deleted_at IS NULL
