-- drop_webhook(endpoint): forgets the endpoint, how far it was told and what has not arrived.
-- Gives whether there was one.
-- Locks, in this order: the endpoint, its consumer; its cursors, lanes, letters and attempts.
CREATE OR REPLACE FUNCTION drop_webhook(p_endpoint_id bigint) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_dropped boolean;
BEGIN
    DELETE FROM webhook_endpoints WHERE endpoint_id = p_endpoint_id;
    v_dropped := FOUND;
    PERFORM drop_consumer('webhook:' || p_endpoint_id);
    DELETE FROM webhook_lanes WHERE endpoint_id = p_endpoint_id;
    DELETE FROM webhook_letters WHERE endpoint_id = p_endpoint_id;
    DELETE FROM webhook_attempts WHERE endpoint_id = p_endpoint_id;
    RETURN v_dropped;
END $$;
