-- erase_traces(user, rows): removes what is left of an erased person, of each kind up to `rows` rows, and
-- says whether more may be left: the reasons, references, metadata and origins of the person's bookings and
-- events, the origins of events that the person caused elsewhere, the answers that the person got, what other
-- callers' answers tell of the person, and the bookings that were asked for by ticket. Each kind has an index
-- of what is left, so a call costs what it removes, however long the history is. The archive comes after the
-- table that it takes from: rows only move into the archive, so a row that is moved meanwhile is found there.
-- Each of the four waits for the one before. No show is locked. What a request writes that is under way may
-- come later, and goes when the erasure is asked again.
-- Nothing that is removed is part of an event's link, so the chain of events stays whole.
-- Locks: the rows that are changed.
CREATE OR REPLACE FUNCTION erase_traces(p_user_id bigint, p_rows integer, OUT more boolean)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_rows integer;
BEGIN
    UPDATE bookings AS b SET reason = NULL, reference = NULL, metadata = NULL
    FROM (SELECT show_id, booking_id FROM bookings
          WHERE user_id = p_user_id AND (reason IS NOT NULL OR reference IS NOT NULL OR metadata IS NOT NULL)
          LIMIT p_rows) AS t
    WHERE b.show_id = t.show_id AND b.booking_id = t.booking_id;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    more := v_rows = p_rows;

    UPDATE show_events AS e SET origin = NULL, reason = NULL
    FROM (SELECT show_id, seq FROM show_events
          WHERE user_id = p_user_id AND (origin IS NOT NULL OR reason IS NOT NULL) LIMIT p_rows) AS t
    WHERE e.show_id = t.show_id AND e.seq = t.seq;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    more := more OR v_rows = p_rows;

    UPDATE show_events AS e SET origin = NULL
    FROM (SELECT show_id, seq FROM show_events
          WHERE actor LIKE 'user:%' AND actor IS DISTINCT FROM 'user:' || user_id::text
            AND actor = 'user:' || p_user_id AND origin IS NOT NULL LIMIT p_rows) AS t
    WHERE e.show_id = t.show_id AND e.seq = t.seq;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    more := more OR v_rows = p_rows;
    IF NOT more THEN
        more := erase_archived(p_user_id, p_rows);
    END IF;
    IF NOT more THEN
        more := erase_answers(p_user_id, p_rows);
    END IF;
    IF NOT more THEN
        more := erase_requests(p_user_id, p_rows);
    END IF;
END $$;
