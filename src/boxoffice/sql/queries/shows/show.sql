-- Show $1, unless it is deleted.
SELECT s.show_id AS id, s.name, s.start_time, i.total_places AS total_seats, i.free_places AS available_seats, s.show_type,
       s.created_at, s.updated_at, i.last_seq AS seq, s.reference, s.metadata, s.live
FROM shows AS s JOIN show_inventory AS i USING (show_id)
WHERE s.show_id = $1 AND i.deleted_at IS NULL
