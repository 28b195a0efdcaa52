-- The forks of consumer $1 by show: the event that the consumer has, and the last event of the show now.
SELECT f.show_id, f.seq, f.link, f.noticed_at, f.told, i.last_seq
FROM feed_forks AS f JOIN show_inventory AS i USING (show_id)
WHERE f.consumer = $1 ORDER BY f.show_id
