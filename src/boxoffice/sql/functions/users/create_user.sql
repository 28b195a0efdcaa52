-- create_user(now, command): registers a user, or finds the one with this e-mail address, and links the user
-- to a person's login if one is given. Two rivals: one registers, the other finds. Refused when the user
-- has another login of the issuer, or the login another user; of two rivals for one login the unique keys
-- stop the later; run again, it sees the first. Who was found stays until the end: one who is erased meanwhile
-- is nobody's, so it starts anew. Locks: the user's row, if there was one.
CREATE OR REPLACE FUNCTION create_user(p_now timestamptz, p_command show_command) RETURNS command_outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_issuer  text := p_command.details ->> 'issuer';
    v_subject text := p_command.details ->> 'subject';
    v_address text := lower((p_command.details ->> 'email') COLLATE "C");
    v_user    users;
    v_created boolean := false;
    v_refused command_outcome := ROW(p_command.command_no, p_command.show_id, 'subject_taken', false, NULL, NULL);
BEGIN
    IF EXISTS (
        SELECT FROM logins AS l JOIN users AS u USING (user_id)
        WHERE l.issuer = v_issuer AND l.subject = v_subject AND lower(u.email COLLATE "C") <> v_address
    ) THEN
        RETURN v_refused;
    END IF;
    WHILE v_user.user_id IS NULL LOOP
        INSERT INTO users (name, email, created_at, updated_at)
        VALUES (p_command.details ->> 'name', p_command.details ->> 'email', p_now, p_now)
        ON CONFLICT (lower(email COLLATE "C")) WHERE erased_at IS NULL DO NOTHING
        RETURNING * INTO v_user;
        v_created := FOUND;
        IF NOT v_created THEN
            SELECT * INTO v_user FROM users WHERE lower(email COLLATE "C") = v_address AND erased_at IS NULL FOR KEY SHARE;
        END IF;
    END LOOP;
    IF v_subject IS NOT NULL AND NOT EXISTS (
        SELECT FROM logins WHERE issuer = v_issuer AND subject = v_subject AND user_id = v_user.user_id
    ) THEN
        IF EXISTS (SELECT FROM logins WHERE issuer = v_issuer AND user_id = v_user.user_id) THEN
            RETURN v_refused;  -- the user was there before: nothing was written
        END IF;
        INSERT INTO logins (issuer, subject, user_id, created_at) VALUES (v_issuer, v_subject, v_user.user_id, p_now);
    END IF;
    RETURN ROW(
        p_command.command_no, p_command.show_id, 'done', false, NULL,
        jsonb_build_object('user', user_view(v_user), 'created', v_created)
    )::command_outcome;
END $$;
