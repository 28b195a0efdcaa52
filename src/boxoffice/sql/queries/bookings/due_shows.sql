-- The shows with holds that have run out and are not ended yet; $1 at most, the show whose hold ran out first
-- comes first.
SELECT show_id
FROM bookings
WHERE status = 'PENDING' AND expires_at <= engine_now()
GROUP BY show_id
ORDER BY min(expires_at)
LIMIT $1
