-- Requests by show ($1) and ticket ($2), two arrays of one length. Those that are not there have no row.
-- command and key_hash: what a withdrawal needs.
SELECT b.show_id, b.ticket_id, b.actor, b.key_hash, b.command, b.request_id, b.position, b.state, b.asked_at,
       b.answer_by, b.answered_at, b.status, b.headers, b.answer, b.booking_id
FROM unnest($1::bigint[], $2::uuid[]) AS t (show_id, ticket_id)
JOIN booking_requests AS b ON b.show_id = t.show_id AND b.ticket_id = t.ticket_id
