-- update_user(now, command): changes what the command's details give of a user. Of two rivals for an
-- e-mail address the unique key stops the later; run again, it sees the first. Locks: the user's row.
CREATE OR REPLACE FUNCTION update_user(p_now timestamptz, p_command show_command) RETURNS command_outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_user    users;
    v_outcome command_outcome := ROW(p_command.command_no, p_command.show_id, 'done', false, NULL, NULL);
BEGIN
    PERFORM FROM users WHERE user_id = p_command.user_id AND erased_at IS NULL FOR UPDATE;
    IF NOT FOUND THEN
        v_outcome.code := 'user_not_found';
        RETURN v_outcome;
    END IF;
    IF EXISTS (
        SELECT FROM users
        WHERE lower(email COLLATE "C") = lower((p_command.details ->> 'email') COLLATE "C")
          AND erased_at IS NULL AND user_id <> p_command.user_id
    ) THEN
        v_outcome.code := 'email_taken';
        RETURN v_outcome;
    END IF;
    UPDATE users
    SET name = COALESCE(p_command.details ->> 'name', name),
        email = COALESCE(p_command.details ->> 'email', email),
        updated_at = p_now
    WHERE user_id = p_command.user_id
    RETURNING * INTO v_user;
    v_outcome.details := jsonb_build_object('user', user_view(v_user), 'created', false);
    RETURN v_outcome;
END $$;
