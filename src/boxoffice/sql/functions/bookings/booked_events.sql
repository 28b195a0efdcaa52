-- booked_events(now, commands, outcomes): the events of the retake, book and block commands that had an
-- effect, in the order of their outcomes.
CREATE OR REPLACE FUNCTION booked_events(
    p_now timestamptz, p_commands engine_command[], p_outcomes command_outcome[]
) RETURNS new_event[]
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ARRAY(
        SELECT event_of(
            c, CASE b.status WHEN 'CONFIRMED' THEN 'booked' WHEN 'PENDING' THEN 'held' ELSE 'blocked' END,
            b.booking_id, b.user_id, b.places, p_now,
            nullif(jsonb_strip_nulls(jsonb_build_object(
                'expires_at', moment_text(b.expires_at), 'retaken_from', b.retaken_from
            )) || COALESCE(o.details, '{}'), '{}')
        )
        FROM unnest(p_outcomes) WITH ORDINALITY AS o (command_no, code, replayed, booking, details, no)
        JOIN unnest(p_commands) AS c ON c.command_no = o.command_no
        CROSS JOIN LATERAL (SELECT (o.booking).*) AS b
        WHERE o.code = 'done'
        ORDER BY o.no
    );
END $$;
