-- I9: the events of a show count from 1 to its sequence number without a gap.
SELECT i.show_id, format('%s events from %s to %s, sequence %s', count(e.seq), min(e.seq), max(e.seq), i.last_seq) AS violation
FROM show_inventory AS i LEFT JOIN all_events AS e USING (show_id)
GROUP BY i.show_id, i.last_seq
HAVING (count(e.seq), COALESCE(max(e.seq), 0), COALESCE(min(e.seq), 1)) IS DISTINCT FROM (i.last_seq, i.last_seq, 1)
