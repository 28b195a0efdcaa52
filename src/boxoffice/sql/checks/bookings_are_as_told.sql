-- I9: a booking agrees with its events: the user is the same, the booking was created at the time of its
-- first event and last changed at that of its last one, it took the seats of the hold that its events name,
-- and a hold expires, or expired, at the time that its latest event with an expires_at names. What was sold
-- has no such time. Pauses are counted from these times.
SELECT b.show_id, format('booking %s of user %s, made %s, changed %s, held until %s, retaken from %s, is not what its events say',
                         b.booking_id, b.user_id, b.created_at, b.updated_at, b.expires_at, b.retaken_from) AS violation
FROM all_bookings AS b
JOIN (
    SELECT v.show_id, v.booking_id, array_agg(DISTINCT v.user_id) AS user_ids, min(v.at) AS began_at, max(v.at) AS changed_at,
           max((v.details ->> 'retaken_from')::bigint) AS retaken_from, bool_or(k.status = 'CONFIRMED') AS was_sold,
           (array_agg((v.details ->> 'expires_at')::timestamptz ORDER BY v.seq DESC)
               FILTER (WHERE v.details ? 'expires_at'))[1] AS ends_at
    FROM all_events AS v LEFT JOIN event_kinds AS k USING (kind)
    WHERE v.booking_id IS NOT NULL
    GROUP BY v.show_id, v.booking_id
) AS e USING (show_id, booking_id)
WHERE e.user_ids <> ARRAY[b.user_id] OR (e.began_at, e.changed_at) <> (b.created_at, b.updated_at)
   OR e.retaken_from IS DISTINCT FROM b.retaken_from
   OR CASE WHEN NOT e.was_sold THEN e.ends_at END IS DISTINCT FROM b.expires_at
