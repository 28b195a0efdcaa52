-- Withdraws a request that has not arrived here yet: show $1, ticket $2, of actor $3, with $4 seconds until
-- its end. When the request arrives, this row is there. No row: the request has arrived.
INSERT INTO booking_requests (show_id, ticket_id, actor, fingerprint, asked_at, answer_by, state, answered_at)
SELECT $1, $2, $3, '', now, now + make_interval(secs => $4), 'withdrawn', now FROM engine_now() AS now
ON CONFLICT DO NOTHING
RETURNING ticket_id
