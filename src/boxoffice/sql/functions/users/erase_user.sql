-- erase_user(now, command): removes what is known of a person: name, e-mail address, logins, the reasons,
-- references, metadata and origins of bookings and events, and kept answers with any of these. Bookings
-- and events stay, without a person's name. Nothing that is removed is part of an event's link, so the
-- chain of events stays whole. The command is refused while the user has a hold, or a sale in a show that
-- has not begun. A command with caps is also refused during a cool-down: else the person could erase the
-- profile, register again and hold at once. For a user that is erased already the outcome is a replay. It
-- also removes what requests wrote that were under way during the first erasure.
-- Locks, in this order: the user's row of caller_locks; the inventory rows of the user's shows by show id,
-- archived ones too, so that the events that are looked through stand still; the user's row; see
-- erase_traces.
CREATE OR REPLACE FUNCTION erase_user(p_now timestamptz, p_command engine_command) RETURNS command_outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_id       bigint := p_command.user_id;
    v_user     users;
    v_show_ids bigint[];
    v_again    boolean;
    v_refusal  command_outcome;
    v_outcome  command_outcome;
BEGIN
    INSERT INTO caller_locks SELECT user_id, '{}' FROM users WHERE user_id = v_id
    ON CONFLICT (user_id) DO UPDATE SET show_ids = caller_locks.show_ids;
    v_show_ids := ARRAY(SELECT DISTINCT show_id FROM all_bookings WHERE user_id = v_id ORDER BY show_id);
    PERFORM lock_shows(v_show_ids);
    UPDATE users SET epoch = epoch + 1 WHERE user_id = v_id RETURNING * INTO v_user;
    IF v_user.user_id IS NULL THEN
        RETURN refuse(p_command, 'user_not_found', NULL);
    END IF;
    v_again := v_user.erased_at IS NOT NULL;
    IF NOT v_again THEN
        v_refusal := erase_refusal(p_now, p_command, v_show_ids);
    END IF;
    IF v_refusal.code IS NOT NULL THEN
        RETURN v_refusal;
    END IF;

    UPDATE users
    SET name = 'erased', email = format('erased-%s@erased.invalid', v_id),
        erased_at = COALESCE(erased_at, p_now), updated_at = COALESCE(erased_at, p_now)
    WHERE user_id = v_id
    RETURNING * INTO v_user;
    DELETE FROM logins WHERE user_id = v_id;
    PERFORM erase_traces(v_id, v_show_ids);
    PERFORM erase_answers(v_id, v_show_ids, user_view(v_user));
    v_outcome := done(p_command, NULL, jsonb_build_object('user', user_view(v_user), 'created', false));
    v_outcome.replayed := v_again;
    RETURN v_outcome;
END $$;
