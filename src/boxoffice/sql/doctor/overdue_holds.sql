-- How many holds have run out and are not ended yet, and how many seconds ago the first of them ran out.
SELECT count(*) AS holds, COALESCE(extract(epoch FROM engine_now() - min(expires_at)), 0)::double precision AS latest_s
FROM bookings
WHERE status = 'PENDING' AND expires_at <= engine_now()
