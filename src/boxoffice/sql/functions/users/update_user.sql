-- update_user(now, command): changes the fields of a user that the command's details give. If two commands
-- want the same e-mail address, the unique key stops the later one. The program runs it again, and it is
-- refused.
-- Locks: the user's row.
CREATE OR REPLACE FUNCTION update_user(p_now timestamptz, p_command engine_command) RETURNS command_outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_address text := lower((p_command.details ->> 'email') COLLATE "C");
    v_user    users;
BEGIN
    PERFORM FROM users WHERE user_id = p_command.user_id AND erased_at IS NULL FOR UPDATE;
    IF NOT FOUND THEN
        RETURN refuse(p_command, 'user_not_found', NULL);
    END IF;
    IF EXISTS (
        SELECT FROM users WHERE lower(email) = v_address AND erased_at IS NULL AND user_id <> p_command.user_id
    ) THEN
        RETURN refuse(p_command, 'email_taken', NULL);
    END IF;
    UPDATE users
    SET name = COALESCE(p_command.details ->> 'name', name),
        email = COALESCE(p_command.details ->> 'email', email),
        updated_at = p_now
    WHERE user_id = p_command.user_id
    RETURNING * INTO v_user;
    RETURN done(p_command, NULL, jsonb_build_object('user', user_view(v_user), 'created', false));
END $$;
