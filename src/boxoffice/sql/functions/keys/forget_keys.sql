-- forget_keys(age, keys): deletes idempotency keys that are older than `age`, the oldest first, some `keys`
-- of them, and says how many. Keys of one time go together: they are the answers of one batch, of some
-- hundred at most. Two processes that do so at once may wait for each other, and delete each key once.
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
