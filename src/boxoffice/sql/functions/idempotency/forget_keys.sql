-- forget_keys(age, keys): deletes idempotency keys that are older than `age`, the oldest first, about `keys`
-- of them, and returns how many. Keys with the same time, which are the answers of one batch (some hundred at
-- most), are deleted together. Two processes may call this at once, and an erasure may delete answers, too:
-- one waits for the other, and each key is deleted once.
-- Locks: the rows that are deleted.
CREATE OR REPLACE FUNCTION forget_keys(p_age interval, p_keys integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_before    timestamptz := engine_now() - p_age;
    v_until     timestamptz;
    v_forgotten bigint;
BEGIN
    SELECT max(k.created_at) INTO v_until FROM (
        SELECT created_at FROM idempotency_keys WHERE created_at < v_before ORDER BY created_at LIMIT p_keys
    ) AS k;
    DELETE FROM idempotency_keys WHERE created_at <= v_until;
    GET DIAGNOSTICS v_forgotten = ROW_COUNT;
    RETURN v_forgotten;
END $$;
