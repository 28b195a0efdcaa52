-- I2: no seat is in two active bookings, whatever the table of owners says.
SELECT b.show_id, format('seat %s is in the active bookings %s', seat, array_agg(b.booking_id ORDER BY b.booking_id)) AS violation
FROM all_bookings AS b CROSS JOIN unnest(b.seats) AS seat
WHERE b.status IN ('PENDING', 'CONFIRMED')
GROUP BY b.show_id, seat
HAVING count(*) > 1
