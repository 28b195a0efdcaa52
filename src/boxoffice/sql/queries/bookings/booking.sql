-- Booking $2 of show $1, with the show's name and the user's profile. If $3 is given: only if the booking is
-- user $3's.
SELECT b.*, s.name AS show_name, u.name AS user_name, u.email AS user_email,
       u.created_at AS user_created_at, u.updated_at AS user_updated_at
FROM all_bookings AS b JOIN shows AS s USING (show_id) JOIN users AS u USING (user_id)
WHERE b.show_id = $1 AND b.booking_id = $2 AND ($3::bigint IS NULL OR b.user_id = $3)
