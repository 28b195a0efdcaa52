-- extend_holds(show, now, commands): the extend commands on holds that have not run out (those that have were
-- ended before). Of several commands on one hold the longest extension has the effect, and the others have
-- none. A hold never ends sooner than before: a command that asks for less than is left has no effect and no
-- event. Each booking is looked up by its key; see confirm_bookings.
-- Locks: the caller holds the show's inventory row; then its bookings.
CREATE OR REPLACE FUNCTION extend_holds(p_show_id bigint, p_now timestamptz, p_commands engine_command[])
RETURNS command_outcome[]
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_done integer[];
    v_ids  bigint[];
    v_ends timestamptz[];
BEGIN
    SELECT COALESCE(array_agg(e.command_no), '{}'), array_agg(e.booking_id), array_agg(e.ends_at)
    INTO v_done, v_ids, v_ends
    FROM (
        SELECT DISTINCT ON (c.booking_id) c.command_no, c.booking_id, b.expires_at AS ended_at, LEAST(
            p_now + make_interval(secs => c.hold_seconds), b.created_at + make_interval(secs => c.lifetime_seconds_max)
        ) AS ends_at
        FROM unnest(p_commands) AS c CROSS JOIN LATERAL (
            SELECT user_id, status, created_at, expires_at FROM bookings
            WHERE show_id = p_show_id AND booking_id = c.booking_id
            OFFSET 0
        ) AS b
        WHERE c.kind = 'extend' AND b.status = 'PENDING'
          AND (c.owner_id IS NULL OR b.user_id = c.owner_id)
        ORDER BY c.booking_id, ends_at DESC, c.command_no
    ) AS e
    WHERE e.ends_at > e.ended_at;

    IF v_done <> '{}' THEN
        UPDATE bookings AS b SET expires_at = e.ends_at, updated_at = p_now
        FROM unnest(v_ids, v_ends) AS e (booking_id, ends_at)
        WHERE b.show_id = p_show_id AND b.booking_id = e.booking_id AND b.booking_id = ANY (v_ids);

        -- fault point: before_extended_events
        PERFORM append_events(p_show_id, ARRAY(
            SELECT event_of(
                c, 'extended', b.booking_id, b.user_id, b.places, p_now,
                jsonb_build_object('expires_at', moment_text(b.expires_at))
            )
            FROM unnest(p_commands) AS c JOIN bookings AS b USING (booking_id)
            WHERE c.command_no = ANY (v_done) AND b.show_id = p_show_id AND b.booking_id = ANY (v_ids)
            ORDER BY c.command_no
        ));
    END IF;
    RETURN ARRAY(
        SELECT extension_outcome(c, p_now, c.command_no = ANY (v_done)) FROM unnest(p_commands) AS c WHERE c.kind = 'extend'
    );
END $$;
