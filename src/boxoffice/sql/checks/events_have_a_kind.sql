-- I9: every event has a kind that event_kinds lists, and names a booking if and only if that kind is about
-- bookings.
SELECT e.show_id, format('event %s is %s, of booking %s', e.seq, e.kind, e.booking_id) AS violation
FROM all_events AS e LEFT JOIN event_kinds AS k USING (kind)
WHERE k.kind IS NULL OR (k.follows IS NOT NULL) <> (e.booking_id IS NOT NULL)
