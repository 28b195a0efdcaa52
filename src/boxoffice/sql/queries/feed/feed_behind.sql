-- The shows in the slices $2 (NULL: in all), after show $3, in which consumer $1 is not at the last event,
-- with its cursor; $4 at most. Forked shows are left out: an operator must decide about them.
SELECT i.show_id, i.last_seq, COALESCE(c.seq, 0) AS seq, COALESCE(c.link, '') AS link
FROM feed_consumers AS k
JOIN show_inventory AS i ON k.show_ids IS NULL OR i.show_id = ANY (k.show_ids)
LEFT JOIN feed_cursors AS c ON c.consumer = k.consumer AND c.show_id = i.show_id
WHERE k.consumer = $1 AND i.last_seq <> COALESCE(c.seq, 0) AND ($2::integer[] IS NULL OR i.show_id % 16 = ANY ($2))
  AND i.show_id > $3
  AND NOT EXISTS (SELECT FROM feed_forks AS f WHERE f.consumer = k.consumer AND f.show_id = i.show_id)
ORDER BY i.show_id
LIMIT $4
