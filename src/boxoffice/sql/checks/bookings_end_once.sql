-- I6: a booking begins once, event_kinds allows each of its events after the last one before it that gave a
-- status, and the booking's status is the one that its last event with a status gives. So a booking ends at
-- most once, and no event follows the end.
SELECT e.show_id, format('event %s, %s, of booking %s follows %s', e.seq, e.kind, e.booking_id, b.kind) AS violation
FROM (
    SELECT v.show_id, v.booking_id, v.seq, v.kind, k.follows, max(v.seq) FILTER (WHERE k.status IS NOT NULL) OVER (
        PARTITION BY v.show_id, v.booking_id ORDER BY v.seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS seq_before
    FROM all_events AS v LEFT JOIN event_kinds AS k USING (kind)
    WHERE v.booking_id IS NOT NULL
) AS e
LEFT JOIN all_events AS b ON b.show_id = e.show_id AND b.seq = e.seq_before
WHERE CASE WHEN b.kind IS NULL THEN e.follows = '{}' ELSE b.kind = ANY (e.follows) END IS NOT TRUE
UNION ALL
SELECT e.show_id, format('booking %s, %s, has the events %s', b.booking_id, b.status, e.kinds)
FROM (
    SELECT v.show_id, v.booking_id, array_agg(v.kind ORDER BY v.seq) AS kinds,
           (array_agg(k.status ORDER BY v.seq DESC) FILTER (WHERE k.status IS NOT NULL))[1] AS status
    FROM all_events AS v JOIN event_kinds AS k USING (kind)
    WHERE v.booking_id IS NOT NULL
    GROUP BY v.show_id, v.booking_id
) AS e
LEFT JOIN all_bookings AS b USING (show_id, booking_id)
WHERE b.status IS DISTINCT FROM e.status
UNION ALL
SELECT b.show_id, format('booking %s, %s, has no event', b.booking_id, b.status)
FROM all_bookings AS b
WHERE NOT EXISTS (SELECT FROM all_events AS e WHERE e.show_id = b.show_id AND e.booking_id = b.booking_id)
