-- turn_late_confirms(show, commands): the commands, where a confirm of a hold that has run out became
-- the wish to take the same seats again (kind 'retake'), once, if its caller wants that. The hold stays
-- EXPIRED, for that state is final; the seats go to a new booking that names it. The caps of who is limited
-- go along: it is a booking more. Locks: none.
CREATE OR REPLACE FUNCTION turn_late_confirms(p_show_id bigint, p_commands show_command[]) RETURNS show_command[]
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ARRAY(
        SELECT CASE WHEN b.booking_id IS NULL THEN c
        ELSE ROW(
            c.command_no, c.show_id, 'retake', c.actor, b.booking_id, b.user_id, cardinality(b.seats), b.seats,
            NULL, NULL, c.details -> 'caps', c.idempotency_key, c.fingerprint, c.origin
        )::show_command END
        FROM unnest(p_commands) AS c
        LEFT JOIN bookings AS b
            ON b.show_id = p_show_id AND b.booking_id = c.booking_id AND b.status = 'EXPIRED'
            AND (c.user_id IS NULL OR b.user_id = c.user_id)
            AND c.kind = 'confirm' AND c.details ->> 'late' = 'retake'
            AND NOT EXISTS (
                SELECT FROM bookings AS r WHERE r.show_id = p_show_id AND r.retaken_from = b.booking_id
            )
        ORDER BY c.command_no
    );
END $$;
