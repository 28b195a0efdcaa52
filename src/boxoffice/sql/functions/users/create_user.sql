-- create_user(now, command): registers a user, or finds the one with this e-mail address, and links the user
-- to a person's login if one is given. A login that is known identifies its user, whatever the address. A new
-- login finds a user by a verified address alone; beside an unverified one it makes a user of its own. So an
-- address that was written down for somebody neither hands a profile to a stranger nor keeps the owner of the
-- address out. Without a login the verified user is found before the other. The command is refused if the
-- verified user has another login of this issuer. If two commands bring the same address or the same login,
-- the unique keys stop the later one; the program runs it again, and then it sees the first one's row.
-- FOR KEY SHARE keeps the user that was found from being erased before we commit. If the user was erased just
-- before, the loop inserts a new one.
-- Locks: the user's row, if there was one.
CREATE OR REPLACE FUNCTION create_user(p_now timestamptz, p_command engine_command) RETURNS command_outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_issuer   text := p_command.details ->> 'issuer';
    v_subject  text := p_command.details ->> 'subject';
    v_address  text := lower((p_command.details ->> 'email') COLLATE "C");
    v_verified boolean := v_subject IS NOT NULL OR COALESCE((p_command.details ->> 'email_verified')::boolean, false);
    v_user     users;
    v_created  boolean := false;
BEGIN
    SELECT u.* INTO v_user FROM logins AS l JOIN users AS u USING (user_id)
    WHERE l.issuer = v_issuer AND l.subject = v_subject AND u.erased_at IS NULL
    FOR KEY SHARE OF u;
    IF FOUND THEN
        RETURN done(p_command, NULL, jsonb_build_object('user', user_view(v_user), 'created', false));
    END IF;
    WHILE v_user.user_id IS NULL LOOP
        SELECT * INTO v_user FROM users
        WHERE lower(email) = v_address AND erased_at IS NULL AND (email_verified OR v_subject IS NULL)
        ORDER BY email_verified DESC LIMIT 1
        FOR KEY SHARE;
        EXIT WHEN FOUND;
        INSERT INTO users (name, email, email_verified, created_at, updated_at)
        VALUES (p_command.details ->> 'name', p_command.details ->> 'email', v_verified, p_now, p_now)
        ON CONFLICT (lower(email), email_verified) WHERE erased_at IS NULL DO NOTHING
        RETURNING * INTO v_user;
        v_created := FOUND;
    END LOOP;
    IF v_subject IS NOT NULL AND NOT EXISTS (  -- a rival with this login may have been quicker
        SELECT FROM logins WHERE issuer = v_issuer AND subject = v_subject AND user_id = v_user.user_id
    ) THEN
        IF EXISTS (SELECT FROM logins WHERE issuer = v_issuer AND user_id = v_user.user_id) THEN
            RETURN refuse(p_command, 'subject_taken', NULL);  -- the user was there before: nothing was written
        END IF;
        INSERT INTO logins (issuer, subject, user_id, created_at) VALUES (v_issuer, v_subject, v_user.user_id, p_now);
    END IF;
    RETURN done(p_command, NULL, jsonb_build_object('user', user_view(v_user), 'created', v_created));
END $$;
