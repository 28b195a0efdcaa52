-- answer_requests(answers): writes answers (a JSON array) into the requests that still wait, and returns the
-- requests that were answered now. An answer that is there never changes. What was asked is not needed any
-- more. Each row is found by its key, one by one: a plan that was made while the table was empty would read
-- all of it. A request that waits has no answered_at: asked for its state, the server would take the index of
-- those that wait, and read all of the show.
-- Locks: the rows that are answered, in the order of the array.
CREATE OR REPLACE FUNCTION answer_requests(p_answers jsonb)
RETURNS TABLE (answered_show_id bigint, answered_ticket_id uuid, answered_state text)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_now timestamptz := engine_now();
    a     record;
BEGIN
    FOR a IN
        SELECT * FROM jsonb_to_recordset(p_answers) AS r (
            show_id bigint, ticket_id uuid, state text, status smallint, headers jsonb, answer text, booking_id bigint
        )
    LOOP
        RETURN QUERY
        UPDATE booking_requests AS b
        SET state = a.state, answered_at = v_now, status = a.status, headers = a.headers, answer = a.answer,
            booking_id = a.booking_id, command = NULL
        WHERE b.show_id = a.show_id AND b.ticket_id = a.ticket_id AND b.answered_at IS NULL
        RETURNING b.show_id, b.ticket_id, b.state;
    END LOOP;
END $$;
