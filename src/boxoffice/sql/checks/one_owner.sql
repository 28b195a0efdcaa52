-- I2: no place is listed by two active bookings. The table of owners is not read, so this check stands alone.
SELECT b.show_id, format('place %s is in the active bookings %s', p.place, array_agg(b.booking_id ORDER BY b.booking_id)) AS violation
FROM all_bookings AS b CROSS JOIN unnest(b.places) AS p (place)
WHERE b.status IN ('PENDING', 'CONFIRMED')
GROUP BY b.show_id, p.place
HAVING count(*) > 1
