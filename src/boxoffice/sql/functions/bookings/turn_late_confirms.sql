-- turn_late_confirms(show, commands): the commands, in which each confirm of a hold that has run out becomes
-- a command to take the same places again (kind 'retake'). That happens at most once for a hold, and only if
-- the command says late = 'retake'. The hold stays EXPIRED, because that state is final; the places go to a
-- new booking that names the hold, and has its reference and metadata. The command keeps its caps, because
-- the new booking counts. Each booking is looked up by its key; see confirm_bookings. Locks: none.
CREATE OR REPLACE FUNCTION turn_late_confirms(p_show_id bigint, p_commands engine_command[]) RETURNS engine_command[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_late    record;
    v_command engine_command;
BEGIN
    IF NOT EXISTS (SELECT FROM unnest(p_commands) AS c WHERE c.late = 'retake') THEN
        RETURN p_commands;
    END IF;
    FOR v_late IN
        SELECT c.ordinality AS no, b.user_id, b.places, b.reference, b.metadata
        FROM unnest(p_commands) WITH ORDINALITY AS c CROSS JOIN LATERAL (
            SELECT user_id, places, status, reference, metadata FROM bookings
            WHERE show_id = p_show_id AND booking_id = c.booking_id
            OFFSET 0
        ) AS b
        WHERE c.kind = 'confirm' AND c.late = 'retake' AND b.status = 'EXPIRED'
          AND (c.owner_id IS NULL OR b.user_id = c.owner_id)
          AND NOT EXISTS (SELECT FROM bookings AS r WHERE r.show_id = p_show_id AND r.retaken_from = c.booking_id)
    LOOP
        v_command := p_commands[v_late.no];
        v_command.kind := 'retake';
        v_command.user_id := v_late.user_id;
        v_command.seat_numbers := v_late.places;
        v_command.reference := v_late.reference;
        v_command.metadata := v_late.metadata;
        p_commands[v_late.no] := v_command;
    END LOOP;
    RETURN p_commands;
END $$;
