-- The shows in the slices $1 whose failed message is due, the oldest first; $2 at most.
SELECT l.endpoint_id, l.show_id
FROM webhook_lanes AS l
WHERE l.attempts > 0 AND l.next_try_at <= engine_now() AND l.show_id % 16 = ANY ($1::integer[])
ORDER BY l.next_try_at LIMIT $2
