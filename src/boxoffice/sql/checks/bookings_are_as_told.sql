-- I9: a booking is its events' user's, began with the first of them, and a hold ends when the last event says
-- that tells an end.
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
