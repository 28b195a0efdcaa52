-- note_holes(endpoint): before what has happened is skipped: notes for each show that is behind from where to
-- where nothing is told. A hole that ends where this one begins becomes one with it.
-- Locks: the lanes of the endpoint.
CREATE OR REPLACE FUNCTION note_holes(p_endpoint_id bigint) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    INSERT INTO webhook_lanes AS l (show_id, endpoint_id, attempts, hole_from, hole_to)
    SELECT i.show_id, p_endpoint_id, 0, COALESCE(c.seq, 0), i.last_seq
    FROM show_inventory AS i
    JOIN feed_consumers AS k ON k.consumer = 'webhook:' || p_endpoint_id
    LEFT JOIN feed_cursors AS c ON c.show_id = i.show_id AND c.consumer = k.consumer
    WHERE (k.show_ids IS NULL OR i.show_id = ANY (k.show_ids)) AND i.last_seq > COALESCE(c.seq, 0)
    ON CONFLICT (endpoint_id, show_id) DO UPDATE
    SET attempts = 0, seq = NULL, last_seq = NULL, failed_at = NULL, next_try_at = NULL, hole_to = EXCLUDED.hole_to,
        hole_from = CASE WHEN l.hole_to = EXCLUDED.hole_from THEN l.hole_from ELSE EXCLUDED.hole_from END;
END $$;
