-- The shows in which a hold of user $1 has run out and is not ended yet.
SELECT DISTINCT show_id FROM bookings
WHERE user_id = $1 AND status = 'PENDING' AND expires_at <= engine_now()
