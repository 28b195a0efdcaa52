-- Where endpoint $1 stands in the shows $2 that it is told of: its cursor, what has failed there, and the
-- hole before the next message. waits: it is not yet time to try again. Forked shows are left out.
SELECT w.show_id, COALESCE(c.seq, 0) AS seq, COALESCE(c.link, '') AS link, l.seq AS failed_seq, l.last_seq AS failed_last_seq,
       l.show_id IS NOT NULL AS in_trouble, COALESCE(l.attempts > 0 AND l.next_try_at > engine_now(), false) AS waits,
       CASE WHEN l.hole_to <= COALESCE(c.seq, 0) THEN l.hole_from END AS hole_from
FROM feed_consumers AS k
CROSS JOIN unnest($2::bigint[]) AS w (show_id)
LEFT JOIN feed_cursors AS c ON c.consumer = k.consumer AND c.show_id = w.show_id
LEFT JOIN webhook_lanes AS l ON l.endpoint_id = $1 AND l.show_id = w.show_id
WHERE k.consumer = 'webhook:' || $1::bigint AND (k.show_ids IS NULL OR w.show_id = ANY (k.show_ids))
  AND NOT EXISTS (SELECT FROM feed_forks AS f WHERE f.consumer = k.consumer AND f.show_id = w.show_id)
