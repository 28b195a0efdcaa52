-- cap_uses(show, now, commands, outcomes): for each of these commands with caps, how much its user has:
-- active bookings and holds in the show, and what was made there of late, with this batch's outcomes so far
-- counted in; holds in all shows that the caller reaches; and the times from which on the user may hold
-- again, and book again.
-- If a hold lasted t seconds and was not bought, its user waits t * cooldown / longest hold, whether it ran
-- out, was cancelled, or its payment failed. The user may book again when so many of the bookings made of
-- late are older than made_seconds that fewer than made_max are left. Bookings that ended and began before
-- the longest life of a hold and its pause, and before made_seconds, are not read (erase_pause has the same
-- horizon). Only a hold is subject to holds elsewhere and to pauses.
-- Holds elsewhere: what a key for some shows has made counts in these shows alone (counts_in), and such a key
-- counts only what is in its shows (within). So it neither uses up nor learns what the user has elsewhere.
-- Each part of the query names one place of the index capped_bookings: (show, user, state, time). Asked for
-- several states at once, a planner without statistics would read all bookings of the show; and asked for a
-- constant state, all holds of the show, by their partial index.
-- OFFSET 0: the times are computed once. As expressions in an index condition they would make the other
-- index, with all bookings of the show, seem cheaper as long as the table is small.
-- Locks: none; see cap_refusals.
CREATE OR REPLACE FUNCTION cap_uses(
    p_show_id bigint, p_now timestamptz, p_commands engine_command[], p_outcomes command_outcome[]
) RETURNS TABLE (
    command_no integer, bookings bigint, holds bigint, all_holds bigint, free_at timestamptz, made bigint,
    made_free_at timestamptz
)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_pending   text := 'PENDING';
    v_confirmed text := 'CONFIRMED';
    v_expired   text := 'EXPIRED';
    v_cancelled text := 'CANCELLED';
    v_failed    text := 'FAILED';
BEGIN
    RETURN QUERY
    SELECT c.command_no, here.bookings + now.bookings, here.holds + now.holds, here.holds + now.holds + elsewhere.holds,
           here.free_at, here.made + now.bookings,
           COALESCE(here.made_at[1 + GREATEST(0, here.made + now.bookings - c.made_max)], p_now) + c.made_for
    FROM (
        SELECT a.command_no, a.user_id, a.caps, a.hold_seconds IS NOT NULL AS is_hold, t.share, t.made_for, t.made_max,
               p_now - GREATEST(t.made_for, (1 + t.share) * t.longest) AS since
        FROM unnest(p_commands) AS a
        CROSS JOIN LATERAL (
            SELECT (a.caps -> 'cooldown_seconds')::double precision / (a.caps -> 'hold_seconds_max')::double precision AS share,
                   make_interval(secs => (a.caps -> 'made_seconds')::double precision) AS made_for,
                   (a.caps -> 'made_max')::bigint AS made_max,
                   make_interval(secs => GREATEST(
                       (a.caps -> 'hold_seconds_max')::double precision, (a.caps -> 'lifetime_seconds_max')::double precision
                   )) AS longest
        ) AS t
        OFFSET 0
    ) AS c
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE b.ended_at IS NULL) AS bookings,
               count(*) FILTER (WHERE b.ended_at IS NULL AND b.is_hold) AS holds,
               max(b.ended_at + (b.ended_at - b.created_at) * c.share) AS free_at,
               count(*) FILTER (WHERE b.created_at > p_now - c.made_for) AS made,
               array_agg(b.created_at ORDER BY b.created_at) FILTER (WHERE b.created_at > p_now - c.made_for) AS made_at
        FROM (
            SELECT e.created_at, CASE WHEN e.expires_at <= p_now THEN e.expires_at END AS ended_at, true AS is_hold
            FROM bookings AS e
            WHERE e.capped AND e.show_id = p_show_id AND e.user_id = c.user_id AND e.status = v_pending
            UNION ALL
            SELECT e.created_at, NULL, false FROM bookings AS e
            WHERE e.capped AND e.show_id = p_show_id AND e.user_id = c.user_id AND e.status = v_confirmed
            UNION ALL
            SELECT e.created_at, CASE WHEN EXISTS (  -- bought late: no pause
                SELECT FROM bookings AS r WHERE r.show_id = p_show_id AND r.retaken_from = e.booking_id
            ) THEN e.created_at ELSE e.expires_at END, true FROM bookings AS e
            WHERE e.capped AND e.show_id = p_show_id AND e.user_id = c.user_id AND e.status = v_expired
              AND e.created_at > c.since
            UNION ALL  -- a sale that was cancelled has no end: no pause
            SELECT e.created_at, CASE WHEN e.expires_at IS NULL THEN e.created_at ELSE e.updated_at END, true
            FROM bookings AS e
            WHERE e.capped AND e.show_id = p_show_id AND e.user_id = c.user_id AND e.status = v_cancelled
              AND e.created_at > c.since
            UNION ALL
            SELECT e.created_at, e.updated_at, true FROM bookings AS e
            WHERE e.capped AND e.show_id = p_show_id AND e.user_id = c.user_id AND e.status = v_failed
              AND e.created_at > c.since
        ) AS b
    ) AS here
    CROSS JOIN LATERAL (
        SELECT count(*) AS bookings, count(*) FILTER (WHERE (d.booking).status = 'PENDING') AS holds
        FROM unnest(p_outcomes) AS d
        WHERE p_outcomes <> '{}' AND (d.booking).capped AND (d.booking).user_id = c.user_id
    ) AS now
    CROSS JOIN LATERAL (
        SELECT COALESCE(sum((
            SELECT count(*) FROM bookings AS e
            WHERE e.capped AND e.show_id = s.show_id::bigint AND e.user_id = c.user_id AND e.status = v_pending
              AND e.expires_at > p_now AND (e.counts_in IS NULL OR p_show_id = ANY (e.counts_in))
        )), 0)::bigint AS holds
        FROM jsonb_array_elements(c.caps -> 'show_ids') AS s (show_id)
        WHERE c.is_hold AND c.caps ? 'show_ids' AND s.show_id::bigint <> p_show_id
          AND (NOT c.caps ? 'within' OR c.caps -> 'within' @> s.show_id)
    ) AS elsewhere;
END $$;
