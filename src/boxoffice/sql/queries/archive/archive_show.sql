-- Closes show $1 in the name of actor $3, if the show is over and has not changed for $2 (an interval), and
-- moves up to $4 of its rows to the archive.
SELECT code, seats_moved AS seats, bookings_moved AS bookings, events_moved AS events, more
FROM archive_show($1, $2, $3, $4)
