-- letter_failed(show, letter, seq, attempt, pauses, probing): a letter has not arrived from event `seq` on;
-- what stands before has. Gives what follows: 'waits', 'parked', 'broken', 'disabled', or 'lost' if there is
-- no such letter any more. A letter from a lane is parked again after each attempt; the others are tried at
-- each pause.
-- Locks, in this order: the letter, the endpoint, its consumer.
CREATE OR REPLACE FUNCTION letter_failed(
    p_show_id bigint, p_letter_id bigint, p_seq bigint, p_attempt jsonb, p_pauses float8[], p_probing boolean
) RETURNS text
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_now      timestamptz := engine_now();
    v_letter   webhook_letters;
    v_standing text;
    v_wait_s   float8;
BEGIN
    SELECT * INTO v_letter FROM webhook_letters
    WHERE show_id = p_show_id AND letter_id = p_letter_id AND seq <= p_seq FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 'lost';
    END IF;
    PERFORM note_attempt(p_show_id, v_letter.endpoint_id, p_attempt);
    v_standing := endpoint_failed(v_letter.endpoint_id, p_attempt, p_pauses, p_probing);
    IF v_standing <> 'works' THEN
        UPDATE webhook_letters SET seq = p_seq WHERE show_id = p_show_id AND letter_id = p_letter_id;
        RETURN v_standing;
    END IF;
    IF v_letter.seq < p_seq THEN
        v_letter.attempts := 0;
    END IF;
    IF v_letter.cause <> 'lane' AND v_letter.attempts < cardinality(p_pauses) THEN
        v_wait_s := greatest(p_pauses[v_letter.attempts + 1], (p_attempt->>'wait_s')::float8);
    END IF;
    UPDATE webhook_letters
    SET seq = p_seq, attempts = v_letter.attempts + 1, last_status = p_attempt->>'told',
        next_try_at = v_now + make_interval(secs => v_wait_s)
    WHERE show_id = p_show_id AND letter_id = p_letter_id;
    RETURN CASE WHEN v_wait_s IS NULL THEN 'parked' ELSE 'waits' END;
END $$;
