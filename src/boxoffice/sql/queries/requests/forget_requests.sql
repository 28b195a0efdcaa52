-- Deletes answered requests older than $1 (an interval), the oldest first, up to $2. forgotten: how many.
SELECT forget_requests($1, $2) AS forgotten
