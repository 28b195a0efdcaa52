-- The cursors of consumer $1 in the shows $2 that it is told of, without forked ones.
SELECT w.show_id, COALESCE(c.seq, 0) AS seq, COALESCE(c.link, '') AS link
FROM feed_consumers AS k
CROSS JOIN unnest($2::bigint[]) AS w (show_id)
LEFT JOIN feed_cursors AS c ON c.consumer = k.consumer AND c.show_id = w.show_id
WHERE k.consumer = $1 AND (k.show_ids IS NULL OR w.show_id = ANY (k.show_ids))
  AND NOT EXISTS (SELECT FROM feed_forks AS f WHERE f.consumer = k.consumer AND f.show_id = w.show_id)
