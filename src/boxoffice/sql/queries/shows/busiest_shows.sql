-- The $1 shows with the most events in the last $2 batches of all shows, with their seats by state. Rows of
-- batches are kept for an hour, and an index gives the last $2, so the query does not cost more on a busy
-- day.
SELECT i.show_id, i.free_places AS free_seats, i.held_places AS held_seats, i.sold_places AS sold_seats,
       i.blocked_places AS blocked_seats, i.last_seq AS seq
FROM (
    SELECT b.show_id, sum(b.last_seq - b.first_seq + 1) AS events
    FROM (SELECT show_id, first_seq, last_seq FROM show_batches ORDER BY created_at DESC LIMIT $2) AS b
    GROUP BY b.show_id
    ORDER BY events DESC, b.show_id
    LIMIT $1
) AS busy
JOIN show_inventory AS i USING (show_id)
WHERE i.deleted_at IS NULL
