-- The letters of endpoint $1 after letter $2, in order; $3 at most.
SELECT l.letter_id AS id, l.show_id, l.cause, l.seq, l.last_seq, l.attempts, l.next_try_at, l.last_status, l.written_at
FROM webhook_letters AS l
WHERE l.endpoint_id = $1 AND l.letter_id > $2
ORDER BY l.letter_id LIMIT $3
