-- Booking $2 of show $1, with the show's name and start, the user's profile, and the booking that took its
-- places again for a late confirm. If $3 is given: only if the booking is user $3's.
SELECT b.*, s.name AS show_name, s.start_time AS show_start_time, u.name AS user_name, u.email AS user_email,
       u.email_verified, u.created_at AS user_created_at, u.updated_at AS user_updated_at,
       (SELECT r.booking_id FROM all_bookings AS r WHERE r.show_id = $1 AND r.retaken_from = $2) AS retaken_by
FROM all_bookings AS b JOIN shows AS s USING (show_id) JOIN users AS u USING (user_id)
WHERE b.show_id = $1 AND b.booking_id = $2 AND ($3::bigint IS NULL OR b.user_id = $3)
