-- Those of the requests $1 (shows) and $2 (tickets), two arrays of one length, that are answered.
SELECT b.show_id, b.ticket_id
FROM unnest($1::bigint[], $2::uuid[]) AS t (show_id, ticket_id)
JOIN booking_requests AS b ON b.show_id = t.show_id AND b.ticket_id = t.ticket_id
WHERE b.state <> 'queued'
