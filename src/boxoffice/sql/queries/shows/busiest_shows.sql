-- The $1 shows with most events in the last $2 batches of all shows, and their seats. Batches are kept for an
-- hour, and their index gives the last ones, so that it costs the same on a busy day.
SELECT i.show_id, i.free_seats, i.held_seats, i.sold_seats, i.blocked_seats, i.last_seq AS seq
FROM (
    SELECT b.show_id, sum(b.last_seq - b.first_seq + 1) AS events
    FROM (SELECT show_id, first_seq, last_seq FROM show_batches ORDER BY created_at DESC LIMIT $2) AS b
    GROUP BY b.show_id
    ORDER BY events DESC, b.show_id
    LIMIT $1
) AS busy
JOIN show_inventory AS i USING (show_id)
WHERE i.deleted_at IS NULL
