-- What archive_show would do with show $1 and the age $2 (an interval): the code that says why the show
-- stays, or 'done' and how many rows are left to move.
SELECT code, seats, bookings, events FROM archive_preview($1, $2)
