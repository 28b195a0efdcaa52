-- I3: an active booking owns all of its places, an ended one owns none.
SELECT b.show_id, format('booking %s, %s, lists %s and owns %s', b.booking_id, b.status, b.places, o.owned) AS violation
FROM all_bookings AS b
LEFT JOIN (
    SELECT show_id, booking_id, array_agg(place ORDER BY place) AS owned
    FROM all_seats WHERE booking_id IS NOT NULL
    GROUP BY show_id, booking_id
) AS o USING (show_id, booking_id)
WHERE CASE WHEN b.status IN ('PENDING', 'CONFIRMED') THEN b.places END IS DISTINCT FROM o.owned
