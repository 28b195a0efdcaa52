-- The bookings of show $1, newest first: of status $2 (NULL: any), with an id below $3, $4 at most.
SELECT * FROM all_bookings
WHERE show_id = $1
  AND ($2::text IS NULL OR status = $2)
  AND ($3::bigint IS NULL OR booking_id < $3)
ORDER BY booking_id DESC
LIMIT $4
