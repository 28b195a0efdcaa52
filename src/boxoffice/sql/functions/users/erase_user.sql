-- erase_user(now, command): makes a user one of whom nothing is known: name, e-mail address and logins go.
-- Bookings and events stay, without a person's name. What else is left of the person is removed afterwards, a
-- portion at a time and without a show's lock (erase_traces; the program calls it before it answers).
-- The command is refused while the user has a hold, or a sale in a show that has not begun. A command with
-- caps is also refused during a cool-down: else the person could erase the profile, register again and hold
-- at once. For a user that is erased already the outcome is a replay.
-- A hold that has run out by `now` may be confirmed at this moment, by a batch that read the clock before. So
-- the shows of the user's holds are locked: such a batch is over then. No new booking is made meanwhile, for
-- it waits for the user's row.
-- Locks, in this order: the user's row of caller_locks; the inventory rows of the shows in which the user has
-- a hold, by show id; the user's row.
CREATE OR REPLACE FUNCTION erase_user(p_now timestamptz, p_command engine_command) RETURNS command_outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_id      bigint := p_command.user_id;
    v_user    users;
    v_again   boolean;
    v_refusal command_outcome;
    v_outcome command_outcome;
BEGIN
    INSERT INTO caller_locks SELECT user_id, '{}' FROM users WHERE user_id = v_id
    ON CONFLICT (user_id) DO UPDATE SET show_ids = caller_locks.show_ids;
    PERFORM lock_shows(ARRAY(
        SELECT DISTINCT show_id FROM bookings WHERE user_id = v_id AND status = 'PENDING' ORDER BY show_id
    ));
    UPDATE users SET epoch = epoch + 1 WHERE user_id = v_id RETURNING * INTO v_user;
    IF v_user.user_id IS NULL THEN
        RETURN refuse(p_command, 'user_not_found', NULL);
    END IF;
    v_again := v_user.erased_at IS NOT NULL;
    IF NOT v_again THEN
        v_refusal := erase_refusal(p_now, p_command);
    END IF;
    IF v_refusal.code IS NOT NULL THEN
        RETURN v_refusal;
    END IF;

    UPDATE users
    SET name = 'erased', email = format('erased-%s@erased.invalid', v_id), email_verified = false,
        erased_at = COALESCE(erased_at, p_now), updated_at = COALESCE(erased_at, p_now)
    WHERE user_id = v_id
    RETURNING * INTO v_user;
    DELETE FROM logins WHERE user_id = v_id;
    v_outcome := done(p_command, NULL, jsonb_build_object('user', user_view(v_user), 'created', false));
    v_outcome.replayed := v_again;
    RETURN v_outcome;
END $$;
