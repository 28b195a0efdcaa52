-- The requests of show $1 that wait, in the order of arrival, up to $2 of them.
SELECT show_id, ticket_id, actor, key_hash, command, request_id, answer_by FROM booking_requests
WHERE show_id = $1 AND state = 'queued' ORDER BY position LIMIT $2
