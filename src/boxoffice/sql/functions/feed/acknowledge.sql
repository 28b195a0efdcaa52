-- acknowledge(consumer, shows, seqs, links8): moves the cursors of a consumer that pulls: it has all events
-- up to these. links8: the first four bytes of each event's link, as the event's id has them. An
-- acknowledgement that is not ahead of the cursor changes nothing. If one does not fit the history, nothing
-- is moved, and the shows that do not fit are given; else '{}'; NULL: there is no such consumer.
-- Locks, in this order: the consumer; its cursors.
CREATE OR REPLACE FUNCTION acknowledge(p_consumer text, p_shows bigint[], p_seqs bigint[], p_links8 bytea[])
RETURNS bigint[]
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_unfit bigint[];
BEGIN
    PERFORM FROM feed_consumers WHERE consumer = p_consumer AND kind = 'pull' FOR SHARE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT array_agg(DISTINCT a.show_id ORDER BY a.show_id) INTO v_unfit
    FROM unnest(p_shows, p_seqs, p_links8) AS a (show_id, seq, link8)
    WHERE NOT EXISTS (
        SELECT FROM all_events AS e JOIN feed_consumers AS k ON k.consumer = p_consumer
        WHERE e.show_id = a.show_id AND e.seq = a.seq AND substr(e.link, 1, 4) = a.link8
          AND (k.show_ids IS NULL OR a.show_id = ANY (k.show_ids))
    );
    IF v_unfit IS NOT NULL THEN
        RETURN v_unfit;
    END IF;
    INSERT INTO feed_cursors AS c (show_id, consumer, seq, link)
    SELECT DISTINCT ON (e.show_id) e.show_id, p_consumer, e.seq, e.link
    FROM unnest(p_shows, p_seqs) AS a (show_id, seq) JOIN all_events AS e USING (show_id, seq)
    ORDER BY e.show_id, e.seq DESC
    ON CONFLICT (consumer, show_id) DO UPDATE SET seq = EXCLUDED.seq, link = EXCLUDED.link
    WHERE c.seq < EXCLUDED.seq;
    RETURN '{}';
END $$;
