-- extend_holds(show, now, commands): the extend commands on holds that have not run out (those that have were
-- ended before). Of several on one hold the longest has the effect; the others come after it. A hold never
-- ends sooner than before: who asks for less than is left gets what is left, without an event.
-- Locks: the caller holds the show's inventory row; then its bookings.
CREATE OR REPLACE FUNCTION extend_holds(p_show_id bigint, p_now timestamptz, p_commands show_command[])
RETURNS SETOF command_outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_done    integer[];
    v_ends    timestamptz[];
    v_outcome command_outcome;
    v_command show_command;
BEGIN
    SELECT array_agg(e.command_no), array_agg(e.ends_at) INTO v_done, v_ends
    FROM (
        SELECT DISTINCT ON (c.booking_id) c.command_no, b.expires_at AS ended_at, LEAST(
            p_now + c.hold_interval,
            b.created_at + make_interval(secs => (c.details ->> 'lifetime_seconds_max')::double precision)
        ) AS ends_at
        FROM unnest(p_commands) AS c JOIN bookings AS b USING (booking_id)
        WHERE c.kind = 'extend' AND b.show_id = p_show_id AND b.status = 'PENDING'
          AND (c.user_id IS NULL OR b.user_id = c.user_id)
        ORDER BY c.booking_id, ends_at DESC, c.command_no
    ) AS e
    WHERE e.ends_at > e.ended_at;

    IF v_done IS NOT NULL THEN
        UPDATE bookings AS b SET expires_at = e.ends_at, updated_at = p_now
        FROM unnest(v_done, v_ends) AS e (command_no, ends_at) JOIN unnest(p_commands) AS c USING (command_no)
        WHERE b.show_id = p_show_id AND b.booking_id = c.booking_id;

        -- fault point: before_extended_events
        PERFORM append_events(p_show_id, ARRAY(
            SELECT ROW(
                p_show_id, NULL, 'extended', b.booking_id, b.user_id, b.seats, c.actor, p_now, c.command_no,
                jsonb_build_object('expires_at', b.expires_at), c.origin, NULL
            )::show_events
            FROM unnest(p_commands) AS c JOIN bookings AS b USING (booking_id)
            WHERE c.command_no = ANY (v_done) AND b.show_id = p_show_id
            ORDER BY c.command_no
        ));
    END IF;

    FOREACH v_command IN ARRAY p_commands LOOP
        CONTINUE WHEN v_command.kind <> 'extend';
        v_outcome := booking_outcome(v_command, true);
        IF v_outcome.code = 'done' AND (v_outcome.booking).status <> 'PENDING' THEN
            v_outcome := booking_outcome(v_command, false);
        ELSIF v_outcome.code = 'done' AND v_command.command_no <> ALL (COALESCE(v_done, '{}'))
              AND p_now + v_command.hold_interval > (v_outcome.booking).expires_at THEN
            v_outcome.code := 'hold_lifetime_over';
            v_outcome.details := jsonb_build_object(
                'expires_at', (v_outcome.booking).expires_at, 'lifetime_seconds', v_command.details -> 'lifetime_seconds_max'
            );
            v_outcome.booking := NULL;
        END IF;
        RETURN NEXT v_outcome;
    END LOOP;
END $$;
