-- erase_refusal(now, command, shows): why the user is not erased, or NULL: a cool-down in one of these shows
-- (if the command has caps), a hold, or a sale in a show that has not begun.
-- Locks: the caller holds the inventory rows of these shows and the user's row.
CREATE OR REPLACE FUNCTION erase_refusal(p_now timestamptz, p_command engine_command, p_show_ids bigint[])
RETURNS command_outcome
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_show_id bigint;
    v_free_at timestamptz;
    v_active  bigint;
BEGIN
    IF p_command.caps IS NOT NULL THEN
        p_command.hold_seconds := 1;  -- as if this were a hold, which alone is subject to pauses
        FOREACH v_show_id IN ARRAY p_show_ids LOOP
            SELECT GREATEST(v_free_at, u.free_at) INTO v_free_at
            FROM cap_uses(v_show_id, p_now, ARRAY[p_command], '{}') AS u;
        END LOOP;
        IF v_free_at > p_now THEN
            RETURN refuse(p_command, 'hold_cooldown', cooldown_left(v_free_at, p_now));
        END IF;
    END IF;
    SELECT count(*) INTO v_active FROM bookings AS b JOIN shows AS s USING (show_id)
    WHERE b.user_id = p_command.user_id
      AND (b.status = 'CONFIRMED' AND s.start_time > p_now OR b.status = 'PENDING' AND b.expires_at > p_now);
    IF v_active > 0 THEN
        RETURN refuse(p_command, 'active_bookings', jsonb_build_object('count', v_active));
    END IF;
    RETURN NULL;
END $$;
