-- I1: free + held + sold + blocked = total, and each counter is what the seats say.
SELECT i.show_id,
       format('total %s, free %s, held %s, sold %s, blocked %s; by the seats %s, %s, %s, %s, %s',
              i.total_seats, i.free_seats, i.held_seats, i.sold_seats, i.blocked_seats,
              m.total, m.free, o.held, o.sold, o.blocked) AS violation
FROM show_inventory AS i
CROSS JOIN LATERAL (
    SELECT COALESCE(sum(length(taken)), 0) AS total, COALESCE(sum(length(taken) - bit_count(taken)), 0) AS free
    FROM seat_sections WHERE show_id = i.show_id
) AS m
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE b.status = 'PENDING') AS held,
           count(*) FILTER (WHERE b.status = 'CONFIRMED') AS sold,
           count(*) FILTER (WHERE s.booking_id IS NULL) AS blocked
    FROM all_seats AS s LEFT JOIN all_bookings AS b ON b.show_id = s.show_id AND b.booking_id = s.booking_id
    WHERE s.show_id = i.show_id
) AS o
WHERE (i.total_seats, i.free_seats, i.held_seats, i.sold_seats, i.blocked_seats)
      IS DISTINCT FROM (m.total, m.free, o.held, o.sold, o.blocked)
   OR i.free_seats + i.held_seats + i.sold_seats + i.blocked_seats <> i.total_seats
