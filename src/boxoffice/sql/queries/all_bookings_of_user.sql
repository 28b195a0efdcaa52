-- Every booking of user $1, the oldest first.
SELECT * FROM bookings WHERE user_id = $1 ORDER BY created_at, booking_id
