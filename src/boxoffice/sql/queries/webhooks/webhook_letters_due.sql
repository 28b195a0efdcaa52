-- The letters of shows in the slices $1 that are due, the oldest first; $2 at most. prior: the link of the
-- event before.
SELECT l.endpoint_id, l.show_id, l.letter_id, l.cause, l.seq, l.last_seq, l.link,
       (SELECT p.link FROM all_events AS p WHERE p.show_id = l.show_id AND p.seq = l.seq - 1) AS prior
FROM webhook_letters AS l
WHERE l.next_try_at <= engine_now() AND l.show_id % 16 = ANY ($1::integer[])
ORDER BY l.next_try_at, l.letter_id LIMIT $2
