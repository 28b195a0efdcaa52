-- What archive_show would do with show $1 and an age of $2: why not, or 'done' and how much is still to be moved.
SELECT COALESCE(CASE WHEN i.archived_at IS NULL THEN archive_refusal($1, $2) END, 'done') AS code,
       (SELECT count(*) FROM booking_seats WHERE show_id = $1) AS seats,
       (SELECT count(*) FROM bookings WHERE show_id = $1) AS bookings,
       (SELECT count(*) FROM show_events WHERE show_id = $1) AS events
FROM show_inventory AS i
WHERE i.show_id = $1
