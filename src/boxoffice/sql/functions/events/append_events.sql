-- append_events(show, events): writes the next events of the show: numbers the events in their order, links
-- each to the event before it, and moves the show's sequence on. No other function writes new rows of
-- show_events. No event is read back: under SERIALIZABLE such a read would make batches of neighbouring shows
-- conflict. The mark tells readers of the feed that the show has news.
-- Locks: the caller holds the show's inventory row.
CREATE OR REPLACE FUNCTION append_events(p_show_id bigint, p_events new_event[]) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_seq     bigint;
    v_link    bytea;
    v_content bytea;
    v_links   bytea[];
BEGIN
    SELECT last_seq, COALESCE(last_link, '') INTO v_seq, v_link FROM show_inventory WHERE show_id = p_show_id;
    FOREACH v_content IN ARRAY ARRAY(
        SELECT event_content(p_show_id, v_seq + e.no, e.kind, e.booking_id, e.user_id, e.places, e.actor, e.at, e.details)
        FROM unnest(p_events) WITH ORDINALITY
             AS e (kind, booking_id, user_id, places, actor, at, command_no, details, origin, reason, no)
        ORDER BY e.no
    ) LOOP
        v_link := sha256(v_link || v_content);
        v_links := v_links || v_link;
    END LOOP;
    INSERT INTO show_events
        (show_id, seq, kind, booking_id, user_id, places, actor, at, command_no, details, origin, reason, link)
    SELECT p_show_id, v_seq + e.no, e.kind, e.booking_id, e.user_id, e.places, e.actor, e.at, e.command_no,
           e.details, e.origin, e.reason, e.link
    FROM ROWS FROM (unnest(p_events), unnest(v_links)) WITH ORDINALITY
         AS e (kind, booking_id, user_id, places, actor, at, command_no, details, origin, reason, link, no);
    -- fault point: before_sequence_moves
    UPDATE show_inventory SET last_seq = v_seq + cardinality(p_events), last_link = v_link WHERE show_id = p_show_id;
    INSERT INTO feed_marks (show_id, last_seq) VALUES (p_show_id, v_seq + cardinality(p_events));
END $$;
