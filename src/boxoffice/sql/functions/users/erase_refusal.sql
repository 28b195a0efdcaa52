-- erase_refusal(now, command): why the user is not erased, or NULL: a cool-down (if the command has caps), a
-- hold, or a sale in a show that has not begun. Of one show no more than 1,000 sales are counted. Only what
-- the person still has is read, and holds that are young enough for a pause, however long the history is.
-- Locks: the caller holds the user's row.
CREATE OR REPLACE FUNCTION erase_refusal(p_now timestamptz, p_command engine_command) RETURNS command_outcome
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_free_at timestamptz := erase_pause(p_now, p_command);
    v_show_id bigint := 0;
    v_active  bigint;
BEGIN
    IF v_free_at > p_now THEN
        RETURN refuse(p_command, 'hold_cooldown', cooldown_left(v_free_at, p_now));
    END IF;
    SELECT count(*) INTO v_active FROM bookings
    WHERE user_id = p_command.user_id AND status = 'PENDING' AND expires_at > p_now;
    LOOP
        SELECT min(show_id) INTO v_show_id FROM bookings
        WHERE user_id = p_command.user_id AND status = 'CONFIRMED' AND show_id > v_show_id;
        EXIT WHEN v_show_id IS NULL;
        SELECT v_active + count(*) INTO v_active FROM (
            SELECT FROM bookings
            WHERE user_id = p_command.user_id AND status = 'CONFIRMED' AND show_id = v_show_id
              AND (SELECT start_time FROM shows WHERE show_id = v_show_id) > p_now
            LIMIT 1000
        ) AS s;
    END LOOP;
    IF v_active > 0 THEN
        RETURN refuse(p_command, 'active_bookings', jsonb_build_object('count', v_active));
    END IF;
    RETURN NULL;
END $$;
