-- The bookings of show $1 with its name and start, newest first: of status $2 (NULL: any), with an id below
-- $3, $4 at most. The page is cut before the show is looked up.
SELECT b.*, s.name AS show_name, s.start_time AS show_start_time
FROM (
    SELECT * FROM all_bookings
    WHERE show_id = $1
      AND ($2::text IS NULL OR status = $2)
      AND ($3::bigint IS NULL OR booking_id < $3)
    ORDER BY booking_id DESC
    LIMIT $4
) AS b JOIN shows AS s USING (show_id)
ORDER BY b.booking_id DESC
