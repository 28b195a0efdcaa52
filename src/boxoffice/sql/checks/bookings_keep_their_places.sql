-- I9: a booking has the places that its first event gave it, without those that it returned: of these an
-- event tells that says nothing of the booking's status.
SELECT b.show_id, format('booking %s has the places %s, and by its events %s', b.booking_id, b.places, e.places) AS violation
FROM (
    SELECT p.show_id, p.booking_id, array_agg(p.place ORDER BY p.place) FILTER (WHERE p.kept) AS places
    FROM (
        SELECT v.show_id, v.booking_id, u.place, bool_and(k.follows = '{}') AS kept
        FROM all_events AS v JOIN event_kinds AS k USING (kind) CROSS JOIN unnest(v.places) AS u (place)
        WHERE k.follows = '{}' OR k.follows IS NOT NULL AND k.status IS NULL
        GROUP BY v.show_id, v.booking_id, u.place
    ) AS p
    GROUP BY p.show_id, p.booking_id
) AS e
JOIN all_bookings AS b USING (show_id, booking_id)
WHERE ARRAY(SELECT u.place FROM unnest(b.places) AS u (place) ORDER BY 1) IS DISTINCT FROM e.places
