-- I9: a letter of a webhook, which holds events that its show went past, lies inside the endpoint's cursor.
-- Otherwise the show would tell the events itself, and the letter a second time.
SELECT l.show_id, format('letter %s of endpoint %s reaches to event %s, the cursor to %s',
                         l.letter_id, l.endpoint_id, l.last_seq, COALESCE(c.seq, 0)) AS violation
FROM webhook_letters AS l
JOIN webhook_endpoints AS e USING (endpoint_id)
LEFT JOIN feed_cursors AS c ON c.show_id = l.show_id AND c.consumer = e.consumer
WHERE l.last_seq > COALESCE(c.seq, 0)
