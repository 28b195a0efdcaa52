-- cap_refusals(show, now, commands, outcomes): the book and retake commands that a cap refuses, and the code,
-- with this batch's outcomes so far counted in. `again`: an earlier command of this batch is the same user's,
-- so the calling function must ask once more when that command is decided.
-- What a late confirm makes is counted, and not bounded by what was made before: the seats are paid for.
-- We count only for users who may have a booking that counts. Most have none, which one index probe per user
-- tells (LIMIT 1; with EXISTS the planner might read the whole show once instead).
-- Locks: the caller holds the show's inventory row and, for holds, the users' rows of caller_locks.
CREATE OR REPLACE FUNCTION cap_refusals(
    p_show_id bigint, p_now timestamptz, p_commands engine_command[], p_outcomes command_outcome[]
) RETURNS TABLE (command_no integer, code text, details jsonb, again boolean)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_asking engine_command[];
    v_later  integer[];
    u        record;
BEGIN
    SELECT array_agg(a.command), array_agg((a.command).command_no) FILTER (WHERE a.later) INTO v_asking, v_later
    FROM (
        SELECT c AS command, row_number() OVER (PARTITION BY c.user_id ORDER BY c.kind = 'retake' DESC, c.command_no) > 1 AS later
        FROM unnest(p_commands) AS c
        WHERE c.kind IN ('retake', 'book')
    ) AS a
    WHERE (a.command).caps IS NOT NULL AND (
        a.later OR p_outcomes <> '{}' OR (a.command).caps ? 'show_ids' OR (
            SELECT true FROM bookings AS b
            WHERE b.capped AND b.show_id = p_show_id AND b.user_id = (a.command).user_id
            LIMIT 1
        )
    );
    IF v_asking IS NULL THEN
        RETURN;
    END IF;
    FOR u IN
        SELECT c.kind, c.hold_seconds IS NOT NULL AS is_hold, (c.caps -> 'bookings_per_show_max')::bigint AS bookings_max,
               (c.caps -> 'holds_per_show_max')::bigint AS holds_here_max, (c.caps -> 'holds_max')::bigint AS holds_max,
               (c.caps -> 'made_max')::bigint AS made_max, n.*
        FROM cap_uses(p_show_id, p_now, v_asking, p_outcomes) AS n
        JOIN unnest(v_asking) AS c USING (command_no)
    LOOP
        code := NULL;
        details := NULL;
        IF u.bookings >= u.bookings_max THEN
            code := 'too_many_bookings';
            details := jsonb_build_object('limit', u.bookings_max, 'active', u.bookings);
        ELSIF u.kind = 'book' AND u.made >= u.made_max THEN
            code := 'too_many_bookings_made';
            details := jsonb_build_object('limit', u.made_max, 'made', u.made) || cooldown_left(u.made_free_at, p_now);
        ELSIF u.is_hold AND u.holds >= u.holds_here_max THEN
            code := 'too_many_holds';
            details := jsonb_build_object('limit', u.holds_here_max, 'active', u.holds, 'scope', 'show');
        ELSIF u.is_hold AND u.all_holds >= u.holds_max THEN
            code := 'too_many_holds';
            details := jsonb_build_object('limit', u.holds_max, 'active', u.all_holds, 'scope', 'all');
        ELSIF u.is_hold AND u.free_at > p_now THEN
            code := 'hold_cooldown';
            details := cooldown_left(u.free_at, p_now);
        END IF;
        command_no := u.command_no;
        again := u.command_no = ANY (COALESCE(v_later, '{}'));
        IF code IS NOT NULL OR again THEN
            RETURN NEXT;
        END IF;
    END LOOP;
END $$;
