-- update_user(now, command): changes the fields of a user that the command's details give. A new address is
-- verified if the caller vouches for it (details.email_verified) and the user has no login: a person with a
-- login is known by it, and a mistake of staff must not take the address of somebody who comes later. An
-- address that only changes its letters stays what it was.
-- If two commands want the same e-mail address, the unique key stops the later one. The program runs it
-- again, and it is refused.
-- Locks: the user's row.
CREATE OR REPLACE FUNCTION update_user(p_now timestamptz, p_command engine_command) RETURNS command_outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_address  text := lower((p_command.details ->> 'email') COLLATE "C");
    v_user     users;
    v_same     boolean;
    v_verified boolean;
BEGIN
    SELECT * INTO v_user FROM users WHERE user_id = p_command.user_id AND erased_at IS NULL FOR UPDATE;
    IF NOT FOUND THEN
        RETURN refuse(p_command, 'user_not_found', NULL);
    END IF;
    v_same := v_address IS NULL OR v_address = lower(v_user.email);
    v_verified := v_same AND v_user.email_verified OR v_address IS NOT NULL
        AND COALESCE((p_command.details ->> 'email_verified')::boolean, false)
        AND NOT EXISTS (SELECT FROM logins WHERE user_id = p_command.user_id);
    IF NOT (v_same AND v_verified = v_user.email_verified) AND EXISTS (
        SELECT FROM users WHERE lower(email) = v_address AND erased_at IS NULL AND user_id <> p_command.user_id
    ) THEN
        RETURN refuse(p_command, 'email_taken', NULL);
    END IF;
    UPDATE users
    SET name = COALESCE(p_command.details ->> 'name', name),
        email = COALESCE(p_command.details ->> 'email', email),
        email_verified = v_verified,
        updated_at = p_now
    WHERE user_id = p_command.user_id
    RETURNING * INTO v_user;
    RETURN done(p_command, NULL, jsonb_build_object('user', user_view(v_user), 'created', false));
END $$;
