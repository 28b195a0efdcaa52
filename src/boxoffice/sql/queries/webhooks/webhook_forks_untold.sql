-- The forks of endpoints in the slices $1 that the endpoint was not told of, $2 at most.
SELECT e.endpoint_id, f.show_id, f.seq, f.link, f.noticed_at, i.last_seq
FROM feed_forks AS f
JOIN webhook_endpoints AS e ON e.consumer = f.consumer
JOIN show_inventory AS i ON i.show_id = f.show_id
WHERE NOT f.told AND f.show_id % 16 = ANY ($1::integer[])
ORDER BY f.noticed_at LIMIT $2
