-- run_batch(batch, commands, again): runs the commands of one batch, show by show, in the transaction of the
-- caller. The commands are a JSON array of objects. Their members are read by name into engine_command; a
-- member that this database does not know is ignored, and one that is missing is NULL.
-- `again`: the batch was sent before, and its answer was lost.
-- A batch of several shows waits for a lock for 100 ms only. Then the program sends it again, show by show,
-- so that one show that is locked elsewhere does not hold up the others.
-- Locks, in this order: the users whose holds are counted (lock_callers), by user id; then the shows'
-- inventory rows, by show id. Two batches take their locks in one order, so they cannot deadlock.
CREATE OR REPLACE FUNCTION run_batch(p_batch_id uuid, p_commands jsonb, p_again boolean)
RETURNS SETOF command_outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_commands engine_command[] := ARRAY(
        SELECT c FROM jsonb_populate_recordset(NULL::engine_command, p_commands) AS c
    );
    v_part     record;
BEGIN
    IF EXISTS (SELECT FROM unnest(v_commands) AS c WHERE c.show_id <> v_commands[1].show_id) THEN
        PERFORM set_config('lock_timeout', '100ms', true);
    END IF;
    IF EXISTS (  -- those for which lock_callers finds a user: without one it is not called
        SELECT FROM unnest(v_commands) AS c
        WHERE c.hold_seconds IS NOT NULL AND (c.caps IS NOT NULL OR c.booking_id IS NOT NULL)
    ) THEN
        v_commands := lock_callers(v_commands);
    END IF;
    FOR v_part IN
        SELECT c.show_id, array_agg(c ORDER BY c.command_no) AS commands
        FROM unnest(v_commands) AS c
        GROUP BY c.show_id
        ORDER BY c.show_id
    LOOP
        -- fault point: before_show
        RETURN QUERY SELECT * FROM run_show_batch(v_part.show_id, p_batch_id, v_part.commands, p_again);
    END LOOP;
END $$;
