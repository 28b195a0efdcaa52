-- The bookings with the reference $1, of user $2, in show $3, in one of the shows $4, of status $5, with
-- their shows' names and starts: from the highest id on, below the id $6, $7 at most. A parameter that is
-- NULL sets no condition. An id begins with its show's id, so the primary key has this order.
SELECT b.*, s.name AS show_name, s.start_time AS show_start_time
FROM all_bookings AS b JOIN shows AS s USING (show_id)
WHERE ($1::text IS NULL OR b.reference = $1)
  AND ($2::bigint IS NULL OR b.user_id = $2)
  AND ($3::bigint IS NULL OR b.show_id = $3)
  AND ($4::bigint[] IS NULL OR b.show_id = ANY ($4))
  AND ($5::text IS NULL OR b.status = $5)
  AND ($6::bigint IS NULL OR (b.show_id, b.booking_id) < ($6 >> 24, $6))
ORDER BY b.show_id DESC, b.booking_id DESC
LIMIT $7
