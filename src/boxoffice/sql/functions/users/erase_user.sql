-- erase_user(now, command): removes what is known of a person: name, e-mail address, logins, the reasons and
-- the origins of what was done, and kept answers with any of it. Bookings and events stay, of nobody in
-- particular; nothing that is removed is part of an event's link. Refused while the user has a hold, or a
-- sale in a show that has not begun; with caps also during a pause, which who comes back would not have.
-- Erased already: a replay, which removes what was still under way then.
-- Locks: the user's row of caller_locks; the inventory rows of the user's shows in the order of their ids, archived
-- ones too, so that the events that are looked through stand still; the user's row; see erase_traces.
CREATE OR REPLACE FUNCTION erase_user(p_now timestamptz, p_command show_command) RETURNS command_outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_id       bigint := p_command.user_id;
    v_user     users;
    v_show_ids bigint[];
    v_active   bigint;
    v_free_at  timestamptz;
    v_again    boolean;
    v_outcome  command_outcome := ROW(p_command.command_no, p_command.show_id, 'done', false, NULL, NULL);
BEGIN
    INSERT INTO caller_locks SELECT user_id, '{}' FROM users WHERE user_id = v_id
    ON CONFLICT (user_id) DO UPDATE SET show_ids = caller_locks.show_ids;
    v_show_ids := ARRAY(SELECT DISTINCT show_id FROM all_bookings WHERE user_id = v_id);
    PERFORM FROM show_inventory WHERE show_id = ANY (v_show_ids) ORDER BY show_id FOR UPDATE;
    SELECT * INTO v_user FROM users WHERE user_id = v_id FOR UPDATE;
    IF NOT FOUND THEN
        v_outcome.code := 'user_not_found';
        RETURN v_outcome;
    END IF;
    v_again := v_user.erased_at IS NOT NULL;
    IF p_command.details ? 'caps' AND NOT v_again THEN
        p_command.details := p_command.details -> 'caps';
        p_command.hold_interval := '1 second';  -- as if this were a hold, which alone is counted for
        SELECT max(u.free_at) INTO v_free_at
        FROM unnest(v_show_ids) AS s (show_id), cap_uses(s.show_id, p_now, ARRAY[p_command], '{}') AS u;
    END IF;
    IF v_free_at > p_now THEN
        v_outcome.code := 'hold_cooldown';
        v_outcome.details := cooldown_left(v_free_at, p_now);
        RETURN v_outcome;
    END IF;
    SELECT count(*) INTO v_active FROM bookings AS b JOIN shows AS s USING (show_id)
    WHERE b.user_id = v_id
      AND (b.status = 'CONFIRMED' AND s.start_time > p_now OR b.status = 'PENDING' AND b.expires_at > p_now);
    IF v_active > 0 AND NOT v_again THEN
        v_outcome.code := 'active_bookings';
        v_outcome.details := jsonb_build_object('count', v_active);
        RETURN v_outcome;
    END IF;

    UPDATE users
    SET name = 'erased', email = format('erased-%s@erased.invalid', v_id),
        erased_at = COALESCE(erased_at, p_now), updated_at = COALESCE(erased_at, p_now)
    WHERE user_id = v_id
    RETURNING * INTO v_user;
    DELETE FROM logins WHERE user_id = v_id;
    PERFORM erase_traces(v_id, v_show_ids);

    DELETE FROM idempotency_keys WHERE actor LIKE 'user:%' AND actor = 'user:' || v_id;
    -- A fingerprint is the hash of what was asked: of a name and an address, or of a reason.
    UPDATE idempotency_keys SET fingerprint = '', outcome = jsonb_set(outcome, '{details,user}', user_view(v_user))
    WHERE show_id = 0 AND outcome -> 'details' -> 'user' ->> 'id' = v_id::text;
    UPDATE idempotency_keys SET fingerprint = '', outcome = jsonb_set(outcome, '{booking,reason}', 'null')
    WHERE show_id = ANY (v_show_ids) AND (outcome -> 'booking' ->> 'user_id')::bigint = v_id
      AND outcome -> 'booking' ->> 'reason' IS NOT NULL;

    v_outcome.replayed := v_again;
    v_outcome.details := jsonb_build_object('user', user_view(v_user), 'created', false);
    RETURN v_outcome;
END $$;
