-- run_desk_command(command): runs a command that belongs to no show's lane: open a show; register, change or
-- erase a user. The command is a JSON object, read as run_batch reads it. The command always has a key, so
-- that the program can send it again if the answer was lost.
-- The clock is read before any lock: what waited for a rival is dated a little too early, and an erasure is
-- refused for a hold that ran out while it waited.
-- Locks: none before; the unique keys decide between rivals. A replayed answer locks its key: with the lock
-- the transaction waits for the synchronous standby, so that the standby has the effect that the answer
-- speaks of.
CREATE OR REPLACE FUNCTION run_desk_command(p_command jsonb) RETURNS SETOF command_outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_now      timestamptz := engine_now();
    v_command  engine_command := jsonb_populate_record(NULL::engine_command, p_command);
    v_outcomes command_outcome[];
BEGIN
    v_outcomes := replayed_outcomes(0, ARRAY[v_command]);
    IF v_outcomes <> '{}' THEN
        PERFORM FROM idempotency_keys
        WHERE show_id = 0 AND actor = v_command.actor AND key_hash = v_command.key_hash
        FOR UPDATE;
        RETURN QUERY SELECT * FROM unnest(v_outcomes);
        RETURN;
    END IF;
    -- fault point: before_desk_command
    v_outcomes := ARRAY[CASE v_command.kind
        WHEN 'create_show' THEN create_show(v_now, v_command)
        WHEN 'create_user' THEN create_user(v_now, v_command)
        WHEN 'update_user' THEN update_user(v_now, v_command)
        WHEN 'erase_user' THEN erase_user(v_now, v_command)
    END];
    IF v_outcomes[1] IS NULL THEN  -- otherwise the program would be told a refusal without a code
        RAISE feature_not_supported USING MESSAGE = format('a command is of no kind that is known: %s', v_command.kind);
    END IF;
    -- fault point: before_desk_key
    PERFORM remember_outcomes(0, v_now, ARRAY[v_command], v_outcomes);
    -- fault point: before_desk_answer
    RETURN QUERY SELECT * FROM unnest(v_outcomes);
END $$;
