-- I6: a booking begins once, ends at most once, nothing follows the end, and its status is its last event.
SELECT e.show_id, format('booking %s, %s, has the events %s', b.booking_id, b.status, array_agg(e.kind ORDER BY e.seq)) AS violation
FROM all_events AS e
LEFT JOIN all_bookings AS b USING (show_id, booking_id)
WHERE e.booking_id IS NOT NULL
GROUP BY e.show_id, e.booking_id, b.booking_id, b.status
HAVING array_to_string(array_agg(e.kind ORDER BY e.seq), ' ')
       !~ '^(booked( cancelled)?|held( extended)*( failed| expired| cancelled| confirmed( cancelled)?)?)$'
    OR b.status IS DISTINCT FROM CASE (array_agg(e.kind ORDER BY e.seq DESC))[1]
           WHEN 'booked' THEN 'CONFIRMED' WHEN 'held' THEN 'PENDING' WHEN 'extended' THEN 'PENDING'
           ELSE upper((array_agg(e.kind ORDER BY e.seq DESC))[1])
       END
UNION ALL
SELECT b.show_id, format('booking %s, %s, has no event', b.booking_id, b.status)
FROM all_bookings AS b
WHERE NOT EXISTS (SELECT FROM all_events AS e WHERE e.show_id = b.show_id AND e.booking_id = b.booking_id)
