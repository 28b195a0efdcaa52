-- lock_callers(commands): locks the users whose holds are counted over all shows: those of holds with caps, and of
-- holds that are extended, which could otherwise outlive a count. Gives the commands; those of users who may have
-- holds in other shows with these shows (details.show_ids). A lock is a changed row: under SERIALIZABLE whoever
-- waited for it starts anew, with the holds that were made meanwhile. Read by RETURNING, never by a query: that
-- would make batches with other users' first holds conflict.
-- Locks: caller_locks in the order of user ids, before any show.
CREATE OR REPLACE FUNCTION lock_callers(p_commands show_command[]) RETURNS show_command[]
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_locks caller_locks[];
BEGIN
    WITH locked AS (
        INSERT INTO caller_locks AS l (user_id, show_ids)
        SELECT w.user_id, array_agg(w.show_id)
        FROM (
            SELECT c.user_id, c.show_id FROM unnest(p_commands) AS c
            WHERE c.kind = 'book' AND c.hold_interval IS NOT NULL AND c.details IS NOT NULL
            UNION
            SELECT b.user_id, b.show_id FROM unnest(p_commands) AS c JOIN bookings AS b USING (show_id, booking_id)
            WHERE c.kind = 'extend' AND (c.user_id IS NULL OR b.user_id = c.user_id)
        ) AS w
        GROUP BY w.user_id ORDER BY w.user_id
        ON CONFLICT (user_id) DO UPDATE SET show_ids = CASE
            WHEN l.show_ids @> EXCLUDED.show_ids THEN l.show_ids
            ELSE ARRAY(SELECT DISTINCT unnest(l.show_ids || EXCLUDED.show_ids))
        END
        RETURNING l
    )
    SELECT array_agg(l) INTO v_locks FROM locked WHERE cardinality((l).show_ids) > 1;

    IF v_locks IS NULL THEN
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
    WHERE cardinality(l.show_ids) > 8 AND l.user_id IN (SELECT v.user_id FROM unnest(v_locks) AS v);

    RETURN ARRAY(
        SELECT CASE WHEN c.kind = 'book' AND c.details IS NOT NULL AND l.user_id IS NOT NULL THEN ROW(
            c.command_no, c.show_id, c.kind, c.actor, c.booking_id, c.user_id, c.seat_count, c.seat_numbers,
            c.hold_interval, c.reason, c.details || jsonb_build_object('show_ids', l.show_ids),
            c.idempotency_key, c.fingerprint, c.origin
        )::show_command ELSE c END
        FROM unnest(p_commands) AS c LEFT JOIN unnest(v_locks) AS l USING (user_id)
        ORDER BY c.command_no
    );
END $$;
