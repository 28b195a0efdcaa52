-- Closes show $1 if it is over and unchanged for $2 (an interval), by $3, and moves up to $4 rows of it to
-- the archive.
SELECT code, seats_moved AS seats, bookings_moved AS bookings, events_moved AS events, more
FROM archive_show($1, $2, $3, $4)
