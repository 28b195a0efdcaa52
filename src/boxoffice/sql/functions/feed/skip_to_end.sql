-- skip_to_end(consumer, show): the consumer is told nothing of what has happened so far in the show (NULL: in
-- all its shows), and everything from now on. Forks of these shows are settled by it. Gives how many shows
-- were behind or forked. The next message of a webhook says what it was not told (note_holes).
-- Locks, in this order: the consumer, so that no sender moves a cursor meanwhile; its cursors and lanes.
CREATE OR REPLACE FUNCTION skip_to_end(p_consumer text, p_show_id bigint) RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_count bigint;
BEGIN
    PERFORM FROM feed_consumers WHERE consumer = p_consumer FOR UPDATE;
    PERFORM note_holes(p_consumer, p_show_id);
    DELETE FROM feed_forks WHERE consumer = p_consumer AND (p_show_id IS NULL OR show_id = p_show_id);
    INSERT INTO feed_cursors AS c (show_id, consumer, seq, link)
    SELECT i.show_id, p_consumer, i.last_seq, i.last_link
    FROM show_inventory AS i JOIN feed_consumers AS k ON k.consumer = p_consumer
    WHERE i.last_seq > 0 AND (p_show_id IS NULL OR i.show_id = p_show_id)
      AND (k.show_ids IS NULL OR i.show_id = ANY (k.show_ids))
    ON CONFLICT (consumer, show_id) DO UPDATE SET seq = EXCLUDED.seq, link = EXCLUDED.link
    WHERE (c.seq, c.link) IS DISTINCT FROM (EXCLUDED.seq, EXCLUDED.link);
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END $$;
