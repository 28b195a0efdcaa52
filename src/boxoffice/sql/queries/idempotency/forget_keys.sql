-- Deletes idempotency keys older than $1 (an interval), the oldest first, about $2 of them. forgotten: how
-- many were deleted.
SELECT forget_keys($1, $2) AS forgotten
