-- The bookings of user $1, newest first: of status $2 (NULL: any), older than the booking with (created_at,
-- id) = ($3, $4), $5 at most.
SELECT * FROM all_bookings
WHERE user_id = $1
  AND ($2::text IS NULL OR status = $2)
  AND ($3::timestamptz IS NULL OR (created_at, booking_id) < ($3, $4::bigint))
ORDER BY created_at DESC, booking_id DESC
LIMIT $5
