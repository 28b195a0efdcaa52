-- retry_letter(endpoint, letter): the letter is tried at once. Gives whether the endpoint has such a letter.
-- Locks: the letter.
CREATE OR REPLACE FUNCTION retry_letter(p_endpoint_id bigint, p_letter_id bigint) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_now timestamptz := engine_now();
BEGIN
    UPDATE webhook_letters SET next_try_at = v_now WHERE endpoint_id = p_endpoint_id AND letter_id = p_letter_id;
    RETURN FOUND;
END $$;
