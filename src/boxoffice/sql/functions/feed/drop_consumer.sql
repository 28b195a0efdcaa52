-- drop_consumer(consumer): forgets the consumer, its cursors and its leases; if it is a webhook, its endpoint
-- and what has not arrived there, too. Gives whether there was one.
-- Locks, in this order: the endpoint, the consumer; its cursors, forks and leases; lanes, letters, attempts.
CREATE OR REPLACE FUNCTION drop_consumer(p_consumer text) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_endpoint_id bigint;
BEGIN
    DELETE FROM webhook_endpoints WHERE consumer = p_consumer RETURNING endpoint_id INTO v_endpoint_id;
    DELETE FROM feed_consumers WHERE consumer = p_consumer;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    DELETE FROM feed_cursors WHERE consumer = p_consumer;
    DELETE FROM feed_forks WHERE consumer = p_consumer;
    DELETE FROM feed_leases WHERE duty = p_consumer;
    DELETE FROM feed_holders WHERE duty = p_consumer;
    DELETE FROM webhook_lanes WHERE endpoint_id = v_endpoint_id;
    DELETE FROM webhook_letters WHERE endpoint_id = v_endpoint_id;
    DELETE FROM webhook_attempts WHERE endpoint_id = v_endpoint_id;
    RETURN true;
END $$;
