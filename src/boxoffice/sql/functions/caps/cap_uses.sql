-- cap_uses(show, now, commands, outcomes): for each of these commands with caps its user's active bookings and
-- holds in the show, with the outcomes so far counted in, the holds in all shows, and from when on the user may
-- hold again. After a hold of t that ended unsold its user pauses t * cool-down / longest hold; one that began
-- longer ago than the longest life and its pause cannot matter any more.
-- It names the places of the index capped_bookings that it reads, and asks for each alone (OFFSET 0). Asked for
-- several users or states at once, a planner without statistics would read all bookings of the show.
-- Locks: none; see cap_refusals.
CREATE OR REPLACE FUNCTION cap_uses(
    p_show_id bigint, p_now timestamptz, p_commands show_command[], p_outcomes command_outcome[]
) RETURNS TABLE (
    command_no integer, is_hold boolean, bookings_max bigint, holds_here_max bigint, holds_max bigint,
    bookings bigint, holds bigint, all_holds bigint, free_at timestamptz
) LANGUAGE sql STABLE AS $$
    SELECT c.command_no, c.hold_interval IS NOT NULL, (c.details -> 'bookings_per_show_max')::bigint,
           (c.details -> 'holds_per_show_max')::bigint, (c.details -> 'holds_max')::bigint,
           u.bookings + o.bookings, u.holds + o.holds, u.all_holds + o.holds, u.free_at
    FROM unnest(p_commands) AS c
    CROSS JOIN LATERAL (
        SELECT p.share, p_now - (1 + p.share) * make_interval(secs => GREATEST(
            (c.details -> 'hold_seconds_max')::double precision, (c.details -> 'lifetime_seconds_max')::double precision
        )) AS since
        FROM (SELECT (c.details -> 'cooldown_seconds')::double precision
                     / (c.details -> 'hold_seconds_max')::double precision AS share OFFSET 0) AS p
        OFFSET 0
    ) AS pause
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE b.here AND b.active) AS bookings,
               count(*) FILTER (WHERE b.here AND b.active AND b.status = 'PENDING') AS holds,
               count(*) FILTER (WHERE b.active AND b.status = 'PENDING') AS all_holds,
               max(b.ended_at + (b.ended_at - b.created_at) * pause.share) FILTER (WHERE b.here AND NOT b.active) AS free_at
        FROM (
            SELECT p_show_id, h.status, h.since
            FROM (VALUES ('PENDING', '-infinity'), ('CONFIRMED', '-infinity'), ('EXPIRED', pause.since), ('CANCELLED', pause.since))
                AS h (status, since)
            WHERE h.status IN ('PENDING', 'CONFIRMED') OR c.hold_interval IS NOT NULL
            UNION ALL
            SELECT e.show_id::bigint, 'PENDING', '-infinity'
            FROM jsonb_array_elements_text(c.details -> 'show_ids') AS e (show_id)
            WHERE c.details ? 'show_ids' AND e.show_id::bigint <> p_show_id
        ) AS place (show_id, status, since)
        CROSS JOIN LATERAL (
            SELECT b.status, b.created_at, b.show_id = p_show_id AS here,
                   b.status = 'CONFIRMED' OR b.status = 'PENDING' AND b.expires_at > p_now AS active,
                   CASE
                       WHEN b.status = 'CANCELLED' AND b.expires_at IS NOT NULL THEN b.updated_at
                       WHEN b.status = 'EXPIRED' AND (
                           SELECT true FROM bookings AS r WHERE r.show_id = b.show_id AND r.retaken_from = b.booking_id
                       ) THEN NULL  -- bought late
                       ELSE b.expires_at
                   END AS ended_at
            FROM bookings AS b
            WHERE b.capped AND b.show_id = place.show_id AND b.user_id = c.user_id AND b.status = place.status
              AND b.created_at > place.since
            OFFSET 0
        ) AS b
    ) AS u
    CROSS JOIN LATERAL (
        SELECT count(*) AS bookings, count(*) FILTER (WHERE (d.booking).status = 'PENDING') AS holds
        FROM unnest(p_outcomes) AS d
        WHERE p_outcomes <> '{}' AND (d.booking).capped AND (d.booking).user_id = c.user_id
    ) AS o
$$;
