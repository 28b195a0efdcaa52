-- The bookings of user $1 with their shows' names and starts, newest first: of status $2 (NULL: any), older
-- than the booking with (created_at, id) = ($3, $4), $5 at most.
SELECT b.*, s.name AS show_name, s.start_time AS show_start_time
FROM all_bookings AS b JOIN shows AS s USING (show_id)
WHERE b.user_id = $1
  AND ($2::text IS NULL OR b.status = $2)
  AND ($3::timestamptz IS NULL OR (b.created_at, b.booking_id) < ($3, $4::bigint))
ORDER BY b.created_at DESC, b.booking_id DESC
LIMIT $5
