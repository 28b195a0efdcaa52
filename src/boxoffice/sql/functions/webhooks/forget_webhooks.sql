-- forget_webhooks(days, rows): deletes attempts older than that, lanes and letters of endpoints that are no
-- more, and letters beyond their cursor, which the show tells again by itself after a rewind. Gives how many
-- attempts.
-- Locks: the deleted rows.
CREATE OR REPLACE FUNCTION forget_webhooks(p_days integer, p_rows bigint) RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_rows bigint;
BEGIN
    DELETE FROM webhook_attempts AS a
    WHERE a.attempt_id IN (
        SELECT o.attempt_id FROM webhook_attempts AS o WHERE o.at < engine_now() - make_interval(days => p_days)
        LIMIT p_rows
    );
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    DELETE FROM webhook_lanes AS l
    WHERE NOT EXISTS (SELECT FROM webhook_endpoints AS e WHERE e.endpoint_id = l.endpoint_id);
    DELETE FROM webhook_letters AS l
    WHERE NOT EXISTS (SELECT FROM webhook_endpoints AS e WHERE e.endpoint_id = l.endpoint_id)
       OR NOT EXISTS (
           SELECT FROM feed_cursors AS c
           WHERE c.show_id = l.show_id AND c.consumer = 'webhook:' || l.endpoint_id AND c.seq >= l.last_seq
       );
    RETURN v_rows;
END $$;
