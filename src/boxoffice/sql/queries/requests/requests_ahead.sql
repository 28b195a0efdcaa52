-- How many requests of show $1 wait before position $2, counted up to $3.
SELECT queued_before($1, $2, $3) AS ahead
