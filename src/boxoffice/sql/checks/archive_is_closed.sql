-- I6: every archived row belongs to a closed show, no archived booking is still a hold, and no archived
-- booking or event is in the tables of open shows as well.
SELECT a.show_id, format('%s is archived, but its show is not', a.what) AS violation
FROM (
    SELECT show_id, 'booking ' || booking_id AS what FROM archived_bookings
    UNION ALL
    SELECT show_id, 'place ' || place FROM archived_seats
    UNION ALL
    SELECT show_id, 'event ' || seq FROM archived_events
) AS a
WHERE NOT EXISTS (SELECT FROM show_inventory AS i WHERE i.show_id = a.show_id AND i.archived_at IS NOT NULL)
UNION ALL
SELECT show_id, format('hold %s is archived', booking_id) FROM archived_bookings WHERE status = 'PENDING'
UNION ALL
SELECT show_id, format('booking %s is archived, and still there', booking_id)
FROM archived_bookings JOIN bookings USING (show_id, booking_id)
UNION ALL
SELECT show_id, format('event %s is archived, and still there', seq)
FROM archived_events JOIN show_events USING (show_id, seq)
