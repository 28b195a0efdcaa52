-- Every booking of user $1, the oldest first.
SELECT * FROM all_bookings WHERE user_id = $1 ORDER BY created_at, booking_id
