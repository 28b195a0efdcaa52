-- I9: a cursor of the feed stands on an event that is there, with its link, or its fork was noticed.
-- Otherwise the consumer was told something that is not in the history, and nobody knows.
SELECT c.show_id, format('consumer %s is at event %s, which is not in the history', c.consumer, c.seq) AS violation
FROM feed_cursors AS c
WHERE NOT EXISTS (SELECT FROM all_events AS e WHERE e.show_id = c.show_id AND e.seq = c.seq AND e.link = c.link)
  AND NOT EXISTS (SELECT FROM feed_forks AS f WHERE f.consumer = c.consumer AND f.show_id = c.show_id)
UNION ALL
SELECT c.show_id, format('the cursor of consumer %s, which is not there', c.consumer)
FROM feed_cursors AS c WHERE NOT EXISTS (SELECT FROM feed_consumers AS k WHERE k.consumer = c.consumer)
