-- drop_consumer(consumer): forgets the consumer, its cursors and its leases. Gives whether there was one.
-- Locks: the consumer; its cursors, forks and leases.
CREATE OR REPLACE FUNCTION drop_consumer(p_consumer text) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    DELETE FROM feed_consumers WHERE consumer = p_consumer;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    DELETE FROM feed_cursors WHERE consumer = p_consumer;
    DELETE FROM feed_forks WHERE consumer = p_consumer;
    DELETE FROM feed_leases WHERE duty = p_consumer;
    DELETE FROM feed_holders WHERE duty = p_consumer;
    RETURN true;
END $$;
