-- The letters of shows in the slices $1 that are due, the oldest $2 of each endpoint that may be told at this
-- moment. prior: the link of the event before.
SELECT l.endpoint_id, l.show_id, l.letter_id, l.cause, l.seq, l.last_seq, l.link,
       (SELECT p.link FROM all_events AS p WHERE p.show_id = l.show_id AND p.seq = l.seq - 1) AS prior
FROM webhook_endpoints AS e
JOIN feed_consumers AS k USING (consumer)
CROSS JOIN LATERAL (
    SELECT * FROM webhook_letters AS w
    WHERE w.endpoint_id = e.endpoint_id AND w.next_try_at <= engine_now() AND w.show_id % 16 = ANY ($1::integer[])
    ORDER BY w.next_try_at, w.letter_id LIMIT $2
) AS l
WHERE k.state = 'active' AND COALESCE(e.not_before <= engine_now(), true)
ORDER BY l.next_try_at, l.letter_id
