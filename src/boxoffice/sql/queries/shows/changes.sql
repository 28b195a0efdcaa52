-- The events of show $1 in order: those after event number $2, $3 at most.
SELECT seq, kind, booking_id, user_id, places AS seats, actor, at, event_details(details, reason) AS details
FROM all_events
WHERE show_id = $1 AND seq > $2
ORDER BY seq
LIMIT $3
