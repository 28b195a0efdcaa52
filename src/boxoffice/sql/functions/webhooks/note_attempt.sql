-- note_attempt(show, endpoint, attempt): keeps an attempt: {message_id, status, trouble, excerpt,
-- milliseconds}.
-- Locks: the new row.
CREATE OR REPLACE FUNCTION note_attempt(p_show_id bigint, p_endpoint_id bigint, p_attempt jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    INSERT INTO webhook_attempts (endpoint_id, show_id, message_id, at, status, trouble, excerpt, milliseconds)
    SELECT p_endpoint_id, p_show_id, a.message_id, engine_now(), a.status, a.trouble, a.excerpt, a.milliseconds
    FROM jsonb_to_record(p_attempt)
         AS a (message_id text, status integer, trouble text, excerpt text, milliseconds integer);
END $$;
