-- erase_archived(user, rows): removes the reasons, references, metadata and origins of an erased person from
-- the archive, of each kind up to `rows` rows, and says whether more may be left; see erase_traces.
-- Locks: the rows that are changed.
CREATE OR REPLACE FUNCTION erase_archived(p_user_id bigint, p_rows integer, OUT more boolean)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_rows integer;
BEGIN
    UPDATE archived_bookings AS b SET reason = NULL, reference = NULL, metadata = NULL
    FROM (SELECT show_id, booking_id FROM archived_bookings
          WHERE user_id = p_user_id AND (reason IS NOT NULL OR reference IS NOT NULL OR metadata IS NOT NULL)
          LIMIT p_rows) AS t
    WHERE b.show_id = t.show_id AND b.booking_id = t.booking_id;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    more := v_rows = p_rows;

    UPDATE archived_events AS e SET origin = NULL, reason = NULL
    FROM (SELECT show_id, seq FROM archived_events
          WHERE user_id = p_user_id AND (origin IS NOT NULL OR reason IS NOT NULL) LIMIT p_rows) AS t
    WHERE e.show_id = t.show_id AND e.seq = t.seq;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    more := more OR v_rows = p_rows;

    UPDATE archived_events AS e SET origin = NULL
    FROM (SELECT show_id, seq FROM archived_events
          WHERE actor LIKE 'user:%' AND actor IS DISTINCT FROM 'user:' || user_id::text
            AND actor = 'user:' || p_user_id AND origin IS NOT NULL LIMIT p_rows) AS t
    WHERE e.show_id = t.show_id AND e.seq = t.seq;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    more := more OR v_rows = p_rows;
END $$;
