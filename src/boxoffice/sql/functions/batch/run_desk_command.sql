-- run_desk_command(command): a command that is not about the seats of a show that exists: opening a
-- show, registering, changing or erasing a user. Always with a key, so that a lost answer can be asked again.
-- Locks: none before; the unique keys decide between rivals. An answer told again locks its key.
CREATE OR REPLACE FUNCTION run_desk_command(p_command show_command) RETURNS SETOF command_outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_now     timestamptz := engine_now();
    v_outcome command_outcome;
BEGIN
    RETURN QUERY SELECT * FROM replayed_outcomes(0, ARRAY[p_command]);
    IF FOUND THEN
        -- The answer may be told when a standby has what it tells of: the lock makes this a commit that waits.
        PERFORM FROM idempotency_keys
        WHERE show_id = 0 AND actor = p_command.actor AND key = p_command.idempotency_key
        FOR UPDATE;
        RETURN;
    END IF;
    -- fault point: before_desk_command
    v_outcome := CASE p_command.kind
        WHEN 'create_show' THEN create_show(v_now, p_command)
        WHEN 'create_user' THEN create_user(v_now, p_command)
        WHEN 'update_user' THEN update_user(v_now, p_command)
        WHEN 'erase_user' THEN erase_user(v_now, p_command)
    END;
    -- fault point: before_desk_key
    PERFORM remember_outcomes(0, v_now, ARRAY[p_command], ARRAY[v_outcome]);
    -- fault point: before_desk_answer
    RETURN NEXT v_outcome;
END $$;
