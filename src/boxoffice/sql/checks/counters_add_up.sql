-- I1: free + held + sold + blocked = total, and each counter equals the number of such places.
SELECT i.show_id,
       format('total %s, free %s, held %s, sold %s, blocked %s; by the places %s, %s, %s, %s, %s',
              i.total_places, i.free_places, i.held_places, i.sold_places, i.blocked_places,
              m.total, m.free, o.held, o.sold, o.blocked) AS violation
FROM show_inventory AS i
CROSS JOIN LATERAL (
    SELECT COALESCE(sum(length(taken)), 0) AS total, COALESCE(sum(length(taken) - bit_count(taken)), 0) AS free
    FROM map_chunks WHERE show_id = i.show_id
) AS m
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE b.status = 'PENDING') AS held,
           count(*) FILTER (WHERE b.status = 'CONFIRMED') AS sold,
           count(*) FILTER (WHERE s.booking_id IS NULL) AS blocked
    FROM all_seats AS s LEFT JOIN all_bookings AS b ON b.show_id = s.show_id AND b.booking_id = s.booking_id
    WHERE s.show_id = i.show_id
) AS o
WHERE (i.total_places, i.free_places, i.held_places, i.sold_places, i.blocked_places)
      IS DISTINCT FROM (m.total, m.free, o.held, o.sold, o.blocked)
   OR i.free_places + i.held_places + i.sold_places + i.blocked_places <> i.total_places
