-- replay_webhook(show, endpoint, from, to): the events from one number to another are told again, as a
-- letter. `to` is cut to what the endpoint was told. Gives how many events; 0: it was told none of them;
-- NULL: it is told of no such show. Asked again before it was sent, it makes no second letter.
-- Locks, in this order: the cursor, so that a message is never told twice at once; the new letter.
CREATE OR REPLACE FUNCTION replay_webhook(p_show_id bigint, p_endpoint_id bigint, p_from bigint, p_to bigint)
RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_last bigint;
    v_to   bigint;
BEGIN
    PERFORM FROM feed_consumers AS k
    WHERE k.consumer = 'webhook:' || p_endpoint_id AND (k.show_ids IS NULL OR p_show_id = ANY (k.show_ids));
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT c.seq INTO v_last FROM feed_cursors AS c
    WHERE c.show_id = p_show_id AND c.consumer = 'webhook:' || p_endpoint_id FOR UPDATE;
    v_to := least(p_to, COALESCE(v_last, 0));
    IF v_to < p_from THEN
        RETURN 0;
    END IF;
    INSERT INTO webhook_letters (
        show_id, endpoint_id, cause, seq, last_seq, link, attempts, next_try_at, written_at
    )
    SELECT p_show_id, p_endpoint_id, 'replay', p_from, v_to, e.link, 0, engine_now(), engine_now()
    FROM all_events AS e
    WHERE e.show_id = p_show_id AND e.seq = v_to AND NOT EXISTS (
        SELECT FROM webhook_letters AS l
        WHERE l.endpoint_id = p_endpoint_id AND l.show_id = p_show_id AND l.cause = 'replay'
          AND l.seq = p_from AND l.last_seq = v_to
    );
    RETURN v_to - p_from + 1;
END $$;
