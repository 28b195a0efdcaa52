-- The events of user $1's bookings, and the events that user $1 caused, in order.
SELECT show_id, seq, kind, booking_id, user_id, places AS seats, actor, at, event_details(details, reason) AS details,
       origin
FROM all_events
WHERE user_id = $1
   OR actor LIKE 'user:%' AND actor IS DISTINCT FROM 'user:' || user_id::text AND actor = 'user:' || $1::bigint
ORDER BY at, show_id, seq
