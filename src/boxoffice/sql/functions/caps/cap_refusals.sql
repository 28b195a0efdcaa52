-- cap_refusals(show, now, commands, outcomes): of the book and retake commands with caps those that pass one, and why, with
-- the outcomes so far counted in. `again`: an earlier command of this batch is the same user's, so ask once more
-- when that is decided. Counted is only for who may have something: most buyers come once, have nothing here and
-- no hold elsewhere. To look for that is one place of the index a user; EXISTS would let the planner read the
-- whole show once instead.
-- Locks: the caller holds the show's inventory row and, for holds, the users' rows of caller_locks.
CREATE OR REPLACE FUNCTION cap_refusals(
    p_show_id bigint, p_now timestamptz, p_commands show_command[], p_outcomes command_outcome[]
) RETURNS TABLE (command_no integer, code text, details jsonb, again boolean)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_asking show_command[];
    v_later  integer[];
BEGIN
    SELECT array_agg(a.command), array_agg((a.command).command_no) FILTER (WHERE a.later) INTO v_asking, v_later
    FROM (
        SELECT c AS command, row_number() OVER (PARTITION BY c.user_id ORDER BY c.kind = 'retake' DESC, c.command_no) > 1 AS later
        FROM unnest(p_commands) AS c
        WHERE c.kind IN ('retake', 'book')
    ) AS a
    WHERE (a.command).details IS NOT NULL AND (
        a.later OR p_outcomes <> '{}' OR (a.command).details ? 'show_ids' OR (
            SELECT true FROM bookings AS b
            WHERE b.capped AND b.show_id = p_show_id AND b.user_id = (a.command).user_id
            LIMIT 1
        )
    );
    IF v_asking IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT u.command_no, r.code,
           CASE r.code
               WHEN 'too_many_bookings' THEN jsonb_build_object('limit', u.bookings_max, 'active', u.bookings)
               WHEN 'hold_cooldown' THEN cooldown_left(u.free_at, p_now)
               WHEN 'too_many_holds' THEN CASE
                   WHEN u.holds >= u.holds_here_max
                   THEN jsonb_build_object('limit', u.holds_here_max, 'active', u.holds, 'scope', 'show')
                   ELSE jsonb_build_object('limit', u.holds_max, 'active', u.all_holds, 'scope', 'all')
               END
           END,
           r.again
    FROM cap_uses(p_show_id, p_now, v_asking, p_outcomes) AS u
    CROSS JOIN LATERAL (
        SELECT u.command_no = ANY (COALESCE(v_later, '{}')) AS again, CASE
            WHEN u.bookings >= u.bookings_max THEN 'too_many_bookings'
            WHEN NOT u.is_hold THEN NULL
            WHEN u.holds >= u.holds_here_max OR u.all_holds >= u.holds_max THEN 'too_many_holds'
            WHEN u.free_at > p_now THEN 'hold_cooldown'
        END AS code
    ) AS r
    WHERE r.code IS NOT NULL OR r.again;
END $$;
