-- cap_refusals(show, now, commands, outcomes): of the book commands with caps those that pass one, and why, with
-- the outcomes so far counted in. `again`: an earlier command of this batch is the same user's, so ask once more
-- when that is decided. After a hold of t that ended unsold its user pauses t * cool-down / longest hold; one
-- that began longer ago than the longest life and its pause cannot matter any more.
-- It asks for PENDING together with other states (which have no end, or are left out) where PENDING would do: an
-- index of all holds of a show would look as good while the tables are small, and be read whole.
-- Locks: the caller holds the show's inventory row and, for holds, the users' rows of caller_locks.
CREATE OR REPLACE FUNCTION cap_refusals(
    p_show_id bigint, p_now timestamptz, p_commands show_command[], p_outcomes command_outcome[]
) RETURNS TABLE (command_no integer, code text, details jsonb, again boolean)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_users   bigint[];
    v_holders bigint[];
    v_longest interval;
BEGIN
    SELECT array_agg(c.user_id), array_agg(c.user_id) FILTER (WHERE c.hold_interval IS NOT NULL), make_interval(secs => max(
        GREATEST((c.details -> 'hold_seconds_max')::double precision, (c.details -> 'lifetime_seconds_max')::double precision)
        * (1 + (c.details -> 'cooldown_seconds')::double precision / (c.details -> 'hold_seconds_max')::double precision)
    ))
    INTO v_users, v_holders, v_longest
    FROM unnest(p_commands) AS c WHERE c.kind = 'book' AND c.details IS NOT NULL;
    IF v_users IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY
    WITH asked AS (
        SELECT a.*, row_number() OVER (PARTITION BY a.user_id ORDER BY a.kind = 'retake' DESC, a.command_no) > 1 AS later
        FROM unnest(p_commands) AS a
        WHERE a.kind IN ('retake', 'book')
    ),
    here AS (
        SELECT b.user_id, count(*) AS bookings, count(*) FILTER (WHERE b.status = 'PENDING') AS holds
        FROM (
            SELECT b.user_id, b.status FROM bookings AS b
            WHERE b.capped AND b.show_id = p_show_id AND b.user_id = ANY (v_users)
              AND b.status IN ('PENDING', 'CONFIRMED') AND (b.expires_at IS NULL OR b.expires_at > p_now)
            UNION ALL
            SELECT (o.booking).user_id, (o.booking).status FROM unnest(p_outcomes) AS o WHERE (o.booking).capped
        ) AS b
        GROUP BY b.user_id
    ),
    ended AS MATERIALIZED (
        SELECT b.user_id, b.created_at, CASE b.status WHEN 'CANCELLED' THEN b.updated_at ELSE b.expires_at END AS ended_at
        FROM bookings AS b
        WHERE b.capped AND b.show_id = p_show_id AND b.user_id = ANY (v_holders)
          AND b.status IN ('PENDING', 'EXPIRED', 'CANCELLED') AND b.created_at > p_now - v_longest
          AND (b.status <> 'PENDING' OR b.expires_at <= p_now) AND b.expires_at IS NOT NULL
    ),
    used AS (
        SELECT c.command_no, c.hold_interval IS NOT NULL AS is_hold, c.later,
               (c.details -> 'bookings_per_show_max')::bigint AS bookings_max,
               (c.details -> 'holds_per_show_max')::bigint AS holds_here_max,
               (c.details -> 'holds_max')::bigint AS holds_max,
               COALESCE(h.bookings, 0) AS bookings, COALESCE(h.holds, 0) AS holds,
               COALESCE(h.holds, 0) + CASE WHEN c.details ? 'show_ids' THEN (
                   SELECT COALESCE(sum(e.holds), 0)
                   FROM jsonb_array_elements_text(c.details -> 'show_ids') AS o (show_id)
                   CROSS JOIN LATERAL (
                       SELECT count(*) AS holds FROM bookings AS b
                       WHERE b.capped AND b.show_id = o.show_id::bigint AND b.show_id <> p_show_id
                         AND b.user_id = c.user_id AND b.status IN ('PENDING', 'CONFIRMED') AND b.expires_at > p_now
                   ) AS e
               ) ELSE 0 END AS all_holds,
               (SELECT max(p.ended_at + (p.ended_at - p.created_at) * (
                    (c.details -> 'cooldown_seconds')::double precision / (c.details -> 'hold_seconds_max')::double precision
                )) FROM ended AS p WHERE p.user_id = c.user_id) AS free_at
        FROM asked AS c LEFT JOIN here AS h USING (user_id)
        WHERE c.kind = 'book' AND c.details IS NOT NULL
    )
    SELECT u.command_no, r.code,
           CASE r.code
               WHEN 'too_many_bookings' THEN jsonb_build_object('limit', u.bookings_max, 'active', u.bookings)
               WHEN 'hold_cooldown' THEN jsonb_build_object(
                   'retry_after_s', ceil(extract(epoch FROM u.free_at - p_now) * 1e3) / 1e3
               )
               WHEN 'too_many_holds' THEN CASE
                   WHEN u.holds >= u.holds_here_max
                   THEN jsonb_build_object('limit', u.holds_here_max, 'active', u.holds, 'scope', 'show')
                   ELSE jsonb_build_object('limit', u.holds_max, 'active', u.all_holds, 'scope', 'all')
               END
           END,
           u.later
    FROM used AS u
    CROSS JOIN LATERAL (
        SELECT CASE
            WHEN u.bookings >= u.bookings_max THEN 'too_many_bookings'
            WHEN NOT u.is_hold THEN NULL
            WHEN u.holds >= u.holds_here_max OR u.all_holds >= u.holds_max THEN 'too_many_holds'
            WHEN u.free_at > p_now THEN 'hold_cooldown'
        END AS code
    ) AS r
    WHERE r.code IS NOT NULL OR u.later;
END $$;
