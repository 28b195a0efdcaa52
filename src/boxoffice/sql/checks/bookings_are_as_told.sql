-- I9: a booking agrees with its events: the user is the same, the booking was created at the time of its
-- first event, and a hold expires at the time that its latest event with an expires_at names.
SELECT b.show_id, format('booking %s of user %s, made %s, held until %s, is not what its events say',
                         b.booking_id, b.user_id, b.created_at, b.expires_at) AS violation
FROM all_bookings AS b
JOIN (
    SELECT show_id, booking_id, array_agg(DISTINCT user_id) AS user_ids, min(at) AS began_at,
           (array_agg((details ->> 'expires_at')::timestamptz ORDER BY seq DESC)
               FILTER (WHERE details ? 'expires_at'))[1] AS ends_at
    FROM all_events
    WHERE booking_id IS NOT NULL
    GROUP BY show_id, booking_id
) AS e USING (show_id, booking_id)
WHERE e.user_ids <> ARRAY[b.user_id] OR e.began_at <> b.created_at
   OR b.status = 'PENDING' AND e.ends_at IS DISTINCT FROM b.expires_at
