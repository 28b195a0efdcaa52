-- erase_answers(user, rows): removes up to `rows` kept answers that an erased person got, and says whether
-- more may be left. In up to `rows` answers that other callers got, the person's profile becomes that of an
-- erased user, and the reason, the reference and the metadata of a booking are removed. The fingerprint is
-- removed, too: it is a hash of the request, and so of a name and an address, or of a reason, which could be
-- guessed from it. The row stays, so a repeat of such a request has no second effect.
-- Locks: the rows that are changed.
CREATE OR REPLACE FUNCTION erase_answers(p_user_id bigint, p_rows integer, OUT more boolean)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_view jsonb := (SELECT user_view(u) FROM users AS u WHERE u.user_id = p_user_id);
    v_rows integer;
BEGIN
    DELETE FROM idempotency_keys AS k
    USING (SELECT show_id, actor, key_hash FROM idempotency_keys
           WHERE actor LIKE 'user:%' AND actor = 'user:' || p_user_id LIMIT p_rows) AS t
    WHERE k.show_id = t.show_id AND k.actor = t.actor AND k.key_hash = t.key_hash;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    more := v_rows = p_rows;

    UPDATE idempotency_keys AS k
    SET fingerprint = '', about_user_id = NULL, outcome = CASE
        WHEN k.outcome ->> 'code' <> 'done' THEN k.outcome
        WHEN k.outcome -> 'details' ? 'user' THEN jsonb_set(k.outcome, '{details,user}', v_view)
        ELSE jsonb_set(
            k.outcome, '{booking}', (k.outcome -> 'booking') || '{"reason":null,"reference":null,"metadata":null}'
        )
    END
    FROM (SELECT show_id, actor, key_hash FROM idempotency_keys WHERE about_user_id = p_user_id LIMIT p_rows) AS t
    WHERE k.show_id = t.show_id AND k.actor = t.actor AND k.key_hash = t.key_hash;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    more := more OR v_rows = p_rows;
END $$;
