-- The events of user $1's bookings, and the events that user $1 caused, in order.
SELECT show_id, seq, kind, booking_id, user_id, places AS seats, actor, at, COALESCE(details, '{}') AS details, origin
FROM all_events
WHERE user_id = $1 AND show_id = ANY (ARRAY(SELECT DISTINCT show_id FROM all_bookings WHERE user_id = $1))
   OR actor LIKE 'user:%' AND actor = 'user:' || $1::bigint
ORDER BY at, show_id, seq
