-- The shows in the slices $1 whose failed message is due, the oldest $2 of each endpoint that may be told at
-- this moment.
SELECT l.endpoint_id, l.show_id
FROM webhook_endpoints AS e
JOIN feed_consumers AS k USING (consumer)
CROSS JOIN LATERAL (
    SELECT * FROM webhook_lanes AS w
    WHERE w.endpoint_id = e.endpoint_id AND w.attempts > 0 AND w.next_try_at <= engine_now()
      AND w.show_id % 16 = ANY ($1::integer[])
    ORDER BY w.next_try_at LIMIT $2
) AS l
WHERE k.state = 'active' AND COALESCE(e.not_before <= engine_now(), true)
ORDER BY l.next_try_at
