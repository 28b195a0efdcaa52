-- The bookings of user $1 with their shows' names and starts, newest first: of status $2 (NULL: any), older
-- than the booking with (created_at, id) = ($3, $4), $5 at most. The page is cut before the shows are looked
-- up: else all bookings of the user might be.
SELECT b.*, s.name AS show_name, s.start_time AS show_start_time
FROM (
    SELECT * FROM all_bookings
    WHERE user_id = $1
      AND ($2::text IS NULL OR status = $2)
      AND ($3::timestamptz IS NULL OR (created_at, booking_id) < ($3, $4::bigint))
    ORDER BY created_at DESC, booking_id DESC
    LIMIT $5
) AS b JOIN shows AS s USING (show_id)
ORDER BY b.created_at DESC, b.booking_id DESC
