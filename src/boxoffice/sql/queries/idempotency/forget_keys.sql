-- Deletes idempotency keys that are older than $1 (an interval), the oldest first, $2 at most; says how many.
WITH forgotten AS (
    DELETE FROM idempotency_keys
    WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM idempotency_keys
        WHERE created_at < (SELECT engine_now()) - $1::interval
        ORDER BY created_at LIMIT $2
        FOR UPDATE SKIP LOCKED
    ))
    RETURNING 1
)
SELECT count(*) AS forgotten FROM forgotten
