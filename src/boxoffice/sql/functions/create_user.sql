-- create_user(now, command): registers a user, or finds the one with this e-mail address. Two rivals:
-- one registers, the other finds. Locks: none before.
CREATE OR REPLACE FUNCTION create_user(p_now timestamptz, p_command show_command) RETURNS command_outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_user    users;
    v_created boolean;
BEGIN
    INSERT INTO users (name, email, created_at, updated_at)
    VALUES (p_command.details ->> 'name', p_command.details ->> 'email', p_now, p_now)
    ON CONFLICT (lower(email)) DO NOTHING
    RETURNING * INTO v_user;
    v_created := FOUND;
    IF NOT v_created THEN
        SELECT * INTO v_user FROM users WHERE lower(email) = lower(p_command.details ->> 'email');
    END IF;
    RETURN ROW(
        p_command.command_no, p_command.show_id, 'done', false, NULL,
        jsonb_build_object('user', user_view(v_user), 'created', v_created)
    )::command_outcome;
END $$;
