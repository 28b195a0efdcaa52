-- Whether a hold of show $1 has run out and is not ended yet.
SELECT EXISTS (
    SELECT FROM bookings WHERE show_id = $1 AND status = 'PENDING' AND expires_at <= engine_now()
)
