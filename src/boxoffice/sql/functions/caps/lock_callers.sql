-- lock_callers(commands): takes the lock of every user whose holds this batch will count, and returns the
-- commands. For users who may have holds in other shows it adds these shows to the caps (show_ids).
-- Why: a cap counts holds over all shows, so two shows' batches must not count for one user at the same time.
-- A command that extends a hold locks the user, too: else another transaction could count while this hold,
-- about to end, is extended.
-- How: the lock is a changed row of caller_locks. Under SERIALIZABLE a batch that waited for it is told to
-- start again, and then sees the other's holds.
-- Trap: the rows are read by RETURNING. A SELECT here would make first holds of different users conflict.
-- Locks: caller_locks in the order of user ids, before any show.
CREATE OR REPLACE FUNCTION lock_callers(p_commands engine_command[]) RETURNS engine_command[]
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_shows   jsonb;  -- the shows of each user with more than one, by user id
    v_command engine_command;
BEGIN
    WITH locked AS (
        INSERT INTO caller_locks AS l (user_id, show_ids)
        SELECT w.user_id, array_agg(w.show_id)
        FROM (
            SELECT c.user_id, c.show_id FROM unnest(p_commands) AS c  -- as run_batch asks before the call
            WHERE c.hold_seconds IS NOT NULL AND c.caps IS NOT NULL
            UNION
            SELECT b.user_id, b.show_id FROM unnest(p_commands) AS c JOIN bookings AS b USING (show_id, booking_id)
            WHERE c.hold_seconds IS NOT NULL AND (c.owner_id IS NULL OR b.user_id = c.owner_id)
        ) AS w
        GROUP BY w.user_id ORDER BY w.user_id
        ON CONFLICT (user_id) DO UPDATE SET show_ids = CASE
            WHEN l.show_ids @> EXCLUDED.show_ids THEN l.show_ids
            ELSE ARRAY(SELECT DISTINCT unnest(l.show_ids || EXCLUDED.show_ids))
        END
        RETURNING l.user_id, l.show_ids
    )
    SELECT jsonb_object_agg(l.user_id, l.show_ids) INTO v_shows FROM locked AS l WHERE cardinality(l.show_ids) > 1;

    IF v_shows IS NULL THEN
        RETURN p_commands;
    END IF;
    UPDATE caller_locks AS l  -- a statement of its own: it must see what was done before the lock was had
    SET show_ids = ARRAY(
        SELECT s.show_id FROM unnest(l.show_ids) AS s (show_id)
        WHERE s.show_id IN (SELECT c.show_id FROM unnest(p_commands) AS c) OR EXISTS (
            SELECT FROM bookings AS b
            WHERE b.capped AND b.show_id = s.show_id AND b.user_id = l.user_id
              AND b.status IN ('PENDING', 'CONFIRMED') AND b.expires_at IS NOT NULL
        )
    )
    WHERE cardinality(l.show_ids) > 8
      AND l.user_id IN (SELECT k.user_id::bigint FROM jsonb_object_keys(v_shows) AS k (user_id));

    FOR n IN 1 .. cardinality(p_commands) LOOP
        v_command := p_commands[n];
        IF v_command.hold_seconds IS NOT NULL AND v_command.caps IS NOT NULL AND v_shows ? v_command.user_id::text THEN
            v_command.caps := v_command.caps
                || jsonb_build_object('show_ids', v_shows -> v_command.user_id::text);
            p_commands[n] := v_command;
        END IF;
    END LOOP;
    RETURN p_commands;
END $$;
