-- forget_requests(age, rows): deletes answered requests that are older than `age`, the oldest first, up to
-- `rows` of them, and returns how many. Two processes may call this at once: each row is deleted once.
-- Locks: the rows that are deleted.
CREATE OR REPLACE FUNCTION forget_requests(p_age interval, p_rows integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_before    timestamptz := engine_now() - p_age;
    v_forgotten bigint;
BEGIN
    DELETE FROM booking_requests AS b
    USING (SELECT show_id, ticket_id FROM booking_requests
           WHERE state <> 'queued' AND answered_at < v_before ORDER BY answered_at LIMIT p_rows) AS t
    WHERE b.show_id = t.show_id AND b.ticket_id = t.ticket_id;
    GET DIAGNOSTICS v_forgotten = ROW_COUNT;
    RETURN v_forgotten;
END $$;
