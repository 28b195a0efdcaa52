-- rewind_cursors(consumer, show, seq): the consumer is told again what happened in the show after event `seq`
-- (0: from its first event on); show NULL: in all its shows, which seq 0 alone can be for. Forks of these
-- shows are settled by it. Gives how many shows, and marks them, so that senders look at once.
-- A number beyond the show's last event counts as the last one.
-- Locks, in this order: the consumer, so that no sender moves a cursor meanwhile; its cursors.
CREATE OR REPLACE FUNCTION rewind_cursors(p_consumer text, p_show_id bigint, p_seq bigint) RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_count bigint;
BEGIN
    PERFORM FROM feed_consumers WHERE consumer = p_consumer FOR UPDATE;
    DELETE FROM feed_forks WHERE consumer = p_consumer AND (p_show_id IS NULL OR show_id = p_show_id);
    DELETE FROM feed_cursors WHERE consumer = p_consumer AND (p_show_id IS NULL OR show_id = p_show_id);
    INSERT INTO feed_cursors (show_id, consumer, seq, link)
    SELECT e.show_id, p_consumer, e.seq, e.link
    FROM all_events AS e JOIN show_inventory AS i USING (show_id)
    WHERE e.show_id = p_show_id AND e.seq = least(p_seq, i.last_seq) AND p_seq > 0;
    INSERT INTO feed_marks (show_id, last_seq)
    SELECT i.show_id, i.last_seq FROM show_inventory AS i JOIN feed_consumers AS k ON k.consumer = p_consumer
    WHERE i.last_seq > 0 AND (p_show_id IS NULL OR i.show_id = p_show_id)
      AND (k.show_ids IS NULL OR i.show_id = ANY (k.show_ids));
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END $$;
