-- create_user(now, command): registers a user, or finds the one with this e-mail address, and links the user
-- to a person's login if one is given. If two commands bring the same address, one registers the user and the
-- other finds that user. The command is refused if the user has another login of this issuer, or the login
-- belongs to another user. If two commands bring the same login, the unique keys stop the later one; the
-- program runs it again, and then it sees the first one's row.
-- FOR KEY SHARE keeps the user that was found from being erased before we commit. If the user was erased just
-- before, the loop inserts a new one.
-- Locks: the user's row, if there was one.
CREATE OR REPLACE FUNCTION create_user(p_now timestamptz, p_command engine_command) RETURNS command_outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_issuer  text := p_command.details ->> 'issuer';
    v_subject text := p_command.details ->> 'subject';
    v_address text := lower((p_command.details ->> 'email') COLLATE "C");
    v_user    users;
    v_created boolean := false;
BEGIN
    IF EXISTS (
        SELECT FROM logins AS l JOIN users AS u USING (user_id)
        WHERE l.issuer = v_issuer AND l.subject = v_subject AND lower(u.email) <> v_address
    ) THEN
        RETURN refuse(p_command, 'subject_taken', NULL);
    END IF;
    WHILE v_user.user_id IS NULL LOOP
        INSERT INTO users (name, email, created_at, updated_at)
        VALUES (p_command.details ->> 'name', p_command.details ->> 'email', p_now, p_now)
        ON CONFLICT (lower(email)) WHERE erased_at IS NULL DO NOTHING
        RETURNING * INTO v_user;
        v_created := FOUND;
        IF NOT v_created THEN
            SELECT * INTO v_user FROM users WHERE lower(email) = v_address AND erased_at IS NULL FOR KEY SHARE;
        END IF;
    END LOOP;
    IF v_subject IS NOT NULL AND NOT EXISTS (
        SELECT FROM logins WHERE issuer = v_issuer AND subject = v_subject AND user_id = v_user.user_id
    ) THEN
        IF EXISTS (SELECT FROM logins WHERE issuer = v_issuer AND user_id = v_user.user_id) THEN
            RETURN refuse(p_command, 'subject_taken', NULL);  -- the user was there before: nothing was written
        END IF;
        INSERT INTO logins (issuer, subject, user_id, created_at) VALUES (v_issuer, v_subject, v_user.user_id, p_now);
    END IF;
    RETURN done(p_command, NULL, jsonb_build_object('user', user_view(v_user), 'created', v_created));
END $$;
