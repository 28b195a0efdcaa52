-- note_holes(consumer, show): before a consumer skips what has happened so far in the show (NULL: in all its
-- shows). If it is a webhook: notes for each show that is behind from where to where nothing is told; what
-- failed there is not tried again. A hole that ends where this one begins becomes one with it. A show whose
-- history ends before the cursor has lost what failed there: its lane goes.
-- Locks, in this order: the cursors, by show id; the lanes of the endpoint.
CREATE OR REPLACE FUNCTION note_holes(p_consumer text, p_show_id bigint) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_endpoint_id bigint;
BEGIN
    SELECT endpoint_id INTO v_endpoint_id FROM webhook_endpoints WHERE consumer = p_consumer;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    PERFORM FROM feed_cursors WHERE consumer = p_consumer AND (p_show_id IS NULL OR show_id = p_show_id)
    ORDER BY show_id FOR UPDATE;
    DELETE FROM webhook_lanes AS l USING show_inventory AS i, feed_cursors AS c
    WHERE l.endpoint_id = v_endpoint_id AND (p_show_id IS NULL OR l.show_id = p_show_id)
      AND i.show_id = l.show_id AND c.show_id = l.show_id AND c.consumer = p_consumer AND i.last_seq < c.seq;
    INSERT INTO webhook_lanes AS l (show_id, endpoint_id, attempts, hole_from, hole_to)
    SELECT i.show_id, v_endpoint_id, 0, COALESCE(c.seq, 0), i.last_seq
    FROM show_inventory AS i
    JOIN feed_consumers AS k ON k.consumer = p_consumer
    LEFT JOIN feed_cursors AS c ON c.show_id = i.show_id AND c.consumer = k.consumer
    WHERE (p_show_id IS NULL OR i.show_id = p_show_id) AND (k.show_ids IS NULL OR i.show_id = ANY (k.show_ids))
      AND i.last_seq > COALESCE(c.seq, 0)
    ON CONFLICT (endpoint_id, show_id) DO UPDATE
    SET attempts = 0, seq = NULL, last_seq = NULL, failed_at = NULL, next_try_at = NULL, hole_to = EXCLUDED.hole_to,
        hole_from = CASE WHEN l.hole_to = EXCLUDED.hole_from THEN l.hole_from ELSE EXCLUDED.hole_from END;
END $$;
