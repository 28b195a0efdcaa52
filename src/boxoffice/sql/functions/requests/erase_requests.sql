-- erase_requests(user, rows): deletes up to `rows` requests for an erased person, and up to `rows` that the
-- person asked for others, and says whether more may be left. No seat can be booked for such a person any
-- more, so a request that still waits has nothing to wait for.
-- Locks: the rows that are deleted.
CREATE OR REPLACE FUNCTION erase_requests(p_user_id bigint, p_rows integer, OUT more boolean)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_rows integer;
BEGIN
    DELETE FROM booking_requests AS b
    USING (SELECT show_id, ticket_id FROM booking_requests WHERE user_id = p_user_id LIMIT p_rows) AS t
    WHERE b.show_id = t.show_id AND b.ticket_id = t.ticket_id;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    more := v_rows = p_rows;

    DELETE FROM booking_requests AS b
    USING (SELECT show_id, ticket_id FROM booking_requests
           WHERE actor LIKE 'user:%' AND actor = 'user:' || p_user_id LIMIT p_rows) AS t
    WHERE b.show_id = t.show_id AND b.ticket_id = t.ticket_id;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    more := more OR v_rows = p_rows;
END $$;
