-- The forks in the slices $1 that an endpoint was not told of, $2 at most of each endpoint that may be told
-- at this moment.
SELECT e.endpoint_id, f.show_id, f.seq, f.link, f.noticed_at, i.last_seq
FROM webhook_endpoints AS e
JOIN feed_consumers AS k USING (consumer)
CROSS JOIN LATERAL (
    SELECT * FROM feed_forks AS u
    WHERE u.consumer = e.consumer AND NOT u.told AND u.show_id % 16 = ANY ($1::integer[])
    ORDER BY u.show_id LIMIT $2
) AS f
JOIN show_inventory AS i ON i.show_id = f.show_id
WHERE k.state = 'active' AND COALESCE(e.not_before <= engine_now(), true)
ORDER BY f.noticed_at
