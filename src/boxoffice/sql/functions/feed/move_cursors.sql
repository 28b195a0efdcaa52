-- move_cursors(duty, slices, epochs, consumer, shows, from, to, links): what the consumer has acknowledged:
-- for each show the number of the event before, the number of the last one, and its link. slices, epochs: the
-- leases under which the events were sent. Gives the shows whose cursor is there now. A lease that is
-- another's by now moves no cursor of its slice: a process that was stopped and goes on after its lease was
-- over does not say for the new holder what was sent. A cursor moves only from where the sender began: an
-- operator who has set it elsewhere meanwhile (feed rewind, skip) is not overruled.
-- Locks, in this order: the leases, by slice; the consumer; its cursors, by show id.
CREATE OR REPLACE FUNCTION move_cursors(
    p_duty text, p_slices integer[], p_epochs bigint[], p_consumer text,
    p_shows bigint[], p_from bigint[], p_to bigint[], p_links bytea[]
) RETURNS bigint[]
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_slices integer[];
BEGIN
    v_slices := ARRAY(
        SELECT l.slice FROM feed_leases AS l
        JOIN unnest(p_slices, p_epochs) AS h (slice, epoch) ON l.slice = h.slice AND l.epoch = h.epoch
        WHERE l.duty = p_duty ORDER BY l.slice FOR SHARE OF l
    );
    PERFORM FROM feed_consumers WHERE consumer = p_consumer FOR SHARE;
    IF NOT FOUND THEN
        RETURN '{}';
    END IF;
    INSERT INTO feed_cursors AS c (show_id, consumer, seq, link)
    SELECT m.show_id, p_consumer, m.seq, m.link
    FROM unnest(p_shows, p_from, p_to, p_links) AS m (show_id, before, seq, link)
    LEFT JOIN feed_cursors AS h ON h.consumer = p_consumer AND h.show_id = m.show_id
    WHERE m.show_id % 16 = ANY (v_slices) AND COALESCE(h.seq, 0) = m.before
    ORDER BY m.show_id
    ON CONFLICT (consumer, show_id) DO UPDATE SET seq = EXCLUDED.seq, link = EXCLUDED.link
    WHERE c.seq < EXCLUDED.seq;
    RETURN ARRAY(
        SELECT c.show_id FROM unnest(p_shows, p_to, p_links) AS m (show_id, seq, link)
        JOIN feed_cursors AS c USING (show_id, seq, link) WHERE c.consumer = p_consumer
    );
END $$;
