-- The seats of show $1 with their bookings and users: those after seat $2, in state $3 (NULL: any), $4 at
-- most.
SELECT seat.*
FROM (
    SELECT n AS seat_number,
           CASE WHEN o.place IS NULL THEN 'free' WHEN o.booking_id IS NULL THEN 'blocked'
                WHEN b.status = 'PENDING' THEN 'held' ELSE 'sold' END AS state,
           b.booking_id, b.user_id, u.name AS user_name, b.expires_at, o.block_reason AS reason
    FROM show_inventory AS i
    CROSS JOIN generate_series($2::integer + 1, i.total_places) AS n
    LEFT JOIN all_seats AS o ON o.show_id = $1 AND o.place = n
    LEFT JOIN all_bookings AS b ON b.show_id = $1 AND b.booking_id = o.booking_id
    LEFT JOIN users AS u ON u.user_id = b.user_id
    WHERE i.show_id = $1
) AS seat
WHERE $3::text IS NULL OR seat.state = $3
ORDER BY seat.seat_number
LIMIT $4
