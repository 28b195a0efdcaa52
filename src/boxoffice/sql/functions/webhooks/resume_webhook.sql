-- resume_webhook(endpoint, skip): the endpoint is told again, as if it had never failed. skip: what has
-- happened meanwhile is not told, and the next message of each show says so (webhook_lanes, hole). Gives how
-- many shows were skipped; NULL: there is no such endpoint.
-- Locks, in this order: the endpoint, its consumer; its lanes and cursors.
CREATE OR REPLACE FUNCTION resume_webhook(p_endpoint_id bigint, p_skip boolean) RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_consumer text := 'webhook:' || p_endpoint_id;
    v_shows    bigint := 0;
BEGIN
    UPDATE webhook_endpoints
    SET failures = 0, probes = 0, failing_since = NULL, not_before = NULL, disabled_because = NULL
    WHERE endpoint_id = p_endpoint_id;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    UPDATE feed_consumers SET state = 'active' WHERE consumer = v_consumer;
    PERFORM release_lanes(p_endpoint_id);
    IF p_skip THEN
        v_shows := skip_to_end(v_consumer, NULL);
    END IF;
    RETURN v_shows;
END $$;
