-- The shows with holds that have run out, the longest due first; $1 at most.
SELECT show_id
FROM bookings
WHERE status = 'PENDING' AND expires_at <= engine_now()
GROUP BY show_id
ORDER BY min(expires_at)
LIMIT $1
