-- How many requests wait, counted up to $1, and for how many seconds the oldest of them has waited.
SELECT count(*) AS queued, COALESCE(extract(epoch FROM (SELECT engine_now()) - min(asked_at)), 0)::float AS oldest_s
FROM (SELECT asked_at FROM booking_requests WHERE state = 'queued' LIMIT $1) AS q
