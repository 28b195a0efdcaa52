-- Deletes idempotency keys that are older than $1 (an interval), the oldest first, some $2 of them; says how
-- many.
SELECT forget_keys($1, $2) AS forgotten
