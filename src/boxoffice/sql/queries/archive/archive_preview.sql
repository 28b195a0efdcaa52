-- What archive_show would do with show $1 and an age of $2: why not, or 'done' and how much is still to be
-- moved.
SELECT code, seats, bookings, events FROM archive_preview($1, $2)
