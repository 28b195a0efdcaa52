-- The shows in the slices $2, after show $3, with events that endpoint $1 was not told, or whose last event
-- is another one than the endpoint's, $4 at most; without forked ones and, unless $5, without those whose
-- message waits to be tried again.
SELECT i.show_id
FROM feed_consumers AS k
JOIN show_inventory AS i ON k.show_ids IS NULL OR i.show_id = ANY (k.show_ids)
LEFT JOIN feed_cursors AS c ON c.consumer = k.consumer AND c.show_id = i.show_id
WHERE k.consumer = 'webhook:' || $1::bigint AND (i.last_seq <> COALESCE(c.seq, 0) OR i.last_link <> c.link)
  AND i.show_id % 16 = ANY ($2::integer[])
  AND i.show_id > $3
  AND NOT EXISTS (SELECT FROM feed_forks AS f WHERE f.consumer = k.consumer AND f.show_id = i.show_id)
  AND ($5 OR NOT EXISTS (
      SELECT FROM webhook_lanes AS l
      WHERE l.endpoint_id = $1 AND l.show_id = i.show_id AND l.attempts > 0 AND l.next_try_at > engine_now()
  ))
ORDER BY i.show_id
LIMIT $4
