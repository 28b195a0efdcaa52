-- take_leases(duty, holder, time): renews the leases that this process holds, and takes free ones until the
-- process has its share: the 16 slices by the number of processes that want them. Gives all leases that the
-- process holds now, and its share. A process that holds more than its share must stop serving the surplus,
-- and then give it back (give_back_leases).
-- A lease that is over and that nobody took is still the holder's: no other process can have sent anything.
-- Locks: the leases of the duty that it takes, and the holders whose time is over. Those that are locked are
-- left for the next call: after a pause of the database all processes renew at once, and each would wait for
-- the other's row.
CREATE OR REPLACE FUNCTION take_leases(p_duty text, p_holder text, p_time interval)
RETURNS TABLE (slice integer, epoch bigint, share integer)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_now   timestamptz := engine_now();
    v_share integer;
    v_mine  integer;
BEGIN
    INSERT INTO feed_leases (duty, slice) SELECT p_duty, s FROM generate_series(0, 15) AS s ON CONFLICT DO NOTHING;
    INSERT INTO feed_holders (duty, holder, until) VALUES (p_duty, p_holder, v_now + p_time)
    ON CONFLICT ON CONSTRAINT feed_holders_pkey DO UPDATE SET until = EXCLUDED.until;
    DELETE FROM feed_holders AS h
    WHERE h.duty = p_duty AND h.holder = ANY (ARRAY(
        SELECT o.holder FROM feed_holders AS o WHERE o.duty = p_duty AND o.until < v_now FOR UPDATE SKIP LOCKED
    ));
    SELECT ceil(16.0 / count(*)) INTO v_share FROM feed_holders AS h WHERE h.duty = p_duty;

    UPDATE feed_leases AS l SET until = v_now + p_time WHERE l.duty = p_duty AND l.holder = p_holder;
    GET DIAGNOSTICS v_mine = ROW_COUNT;
    UPDATE feed_leases AS l SET holder = p_holder, epoch = l.epoch + 1, until = v_now + p_time
    WHERE l.duty = p_duty AND l.slice = ANY (ARRAY(
        SELECT f.slice FROM feed_leases AS f
        WHERE f.duty = p_duty AND f.until < v_now AND f.holder IS DISTINCT FROM p_holder
        ORDER BY f.slice LIMIT greatest(v_share - v_mine, 0)
        FOR UPDATE SKIP LOCKED
    ));
    RETURN QUERY
    SELECT l.slice, l.epoch, v_share FROM feed_leases AS l
    WHERE l.duty = p_duty AND l.holder = p_holder ORDER BY l.slice;
END $$;
