-- Shows in the order of (start_time, show_id): of type $1, starting at $2 or later and before $3, with the
-- text $4 in the name, only with free seats if $5 is true, with the reference $6, after the show ($7, $8),
-- $9 at most. A parameter that is NULL sets no condition.
SELECT s.show_id AS id, s.name, s.start_time, i.total_places AS total_seats, i.free_places AS available_seats, s.show_type,
       s.created_at, s.updated_at, i.last_seq AS seq, s.reference, s.metadata, s.live
FROM shows AS s JOIN show_inventory AS i USING (show_id)
WHERE i.deleted_at IS NULL
  AND ($1::text IS NULL OR s.show_type = $1)
  AND ($2::timestamptz IS NULL OR s.start_time >= $2)
  AND ($3::timestamptz IS NULL OR s.start_time < $3)
  AND ($4::text IS NULL OR position(text_folded($4) IN text_folded(s.name)) > 0)
  AND (NOT $5::boolean OR i.free_places > 0)
  AND ($6::text IS NULL OR s.reference = $6)
  AND ($7::timestamptz IS NULL OR (s.start_time, s.show_id) > ($7, $8::bigint))
ORDER BY s.start_time, s.show_id
LIMIT $9
