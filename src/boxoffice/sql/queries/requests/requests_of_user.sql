-- What is kept of the bookings that user $1 has asked for by ticket, the latest first.
SELECT show_id, state, asked_at, answered_at FROM booking_requests
WHERE user_id = $1 ORDER BY asked_at DESC, ticket_id
