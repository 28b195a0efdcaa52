-- letter_arrived(show, letter, seq): the letter has arrived up to event `seq`. The rest of it stays; a letter
-- that has arrived as a whole is deleted.
-- Locks: the letter.
CREATE OR REPLACE FUNCTION letter_arrived(p_show_id bigint, p_letter_id bigint, p_seq bigint) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    DELETE FROM webhook_letters WHERE show_id = p_show_id AND letter_id = p_letter_id AND last_seq <= p_seq;
    UPDATE webhook_letters SET seq = p_seq + 1, attempts = 0
    WHERE show_id = p_show_id AND letter_id = p_letter_id AND seq <= p_seq;
END $$;
