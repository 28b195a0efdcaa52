-- The requests of show $1 that wait behind position $2, in the order of arrival, up to $3 of them.
SELECT show_id, ticket_id, position, actor, key_hash, command, request_id, answer_by FROM booking_requests
WHERE show_id = $1 AND state = 'queued' AND position > $2 ORDER BY position LIMIT $3
