-- run_batch(batch, commands, again): one lane's batch, show by show in the order of their ids, in the
-- transaction of the caller; `again` if it was sent before and its answer lost. Several shows wait for a
-- lock for 100 ms only: then the program asks again, show by show, so that one that is locked elsewhere
-- does not hold up the others. Locks: first the users whose holds are counted (lock_callers), in the order of
-- user ids, then the shows' inventory rows in the order of show ids.
CREATE OR REPLACE FUNCTION run_batch(p_batch_id uuid, p_commands show_command[], p_again boolean DEFAULT false)
RETURNS SETOF command_outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_part record;
BEGIN
    IF EXISTS (SELECT FROM unnest(p_commands) AS c WHERE c.show_id <> p_commands[1].show_id) THEN
        PERFORM set_config('lock_timeout', '100ms', true);
    END IF;
    IF EXISTS (
        SELECT FROM unnest(p_commands) AS c
        WHERE c.kind = 'extend' OR c.kind = 'book' AND c.hold_interval IS NOT NULL AND c.details IS NOT NULL
    ) THEN
        p_commands := lock_callers(p_commands);
    END IF;
    FOR v_part IN
        SELECT c.show_id, array_agg(c ORDER BY c.command_no) AS commands
        FROM unnest(p_commands) AS c
        GROUP BY c.show_id
        ORDER BY c.show_id
    LOOP
        -- fault point: before_show
        RETURN QUERY SELECT * FROM run_show_batch(v_part.show_id, p_batch_id, v_part.commands, p_again);
    END LOOP;
END $$;
