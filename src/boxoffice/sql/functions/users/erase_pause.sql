-- erase_pause(now, command): until when the user must not hold again, if the command has caps; else NULL.
-- Holds that are too old for a pause (cap_uses) are not looked for.
-- Locks: none; see erase_refusal.
CREATE OR REPLACE FUNCTION erase_pause(p_now timestamptz, p_command engine_command) RETURNS timestamptz
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_caps     jsonb := p_command.caps;
    v_longest  double precision := GREATEST(
        (v_caps -> 'hold_seconds_max')::double precision, (v_caps -> 'lifetime_seconds_max')::double precision
    );
    v_oldest   timestamptz := p_now - make_interval(secs => v_longest * (
        1 + (v_caps -> 'cooldown_seconds')::double precision / (v_caps -> 'hold_seconds_max')::double precision
    ));
    v_show_ids bigint[] := ARRAY(
        SELECT DISTINCT show_id FROM bookings WHERE user_id = p_command.user_id AND created_at > v_oldest
    );
    v_show_id  bigint;
    v_free_at  timestamptz;
BEGIN
    p_command.hold_seconds := 1;  -- as if this were a hold, which alone is subject to pauses
    FOREACH v_show_id IN ARRAY v_show_ids LOOP
        SELECT GREATEST(v_free_at, u.free_at) INTO v_free_at
        FROM cap_uses(v_show_id, p_now, ARRAY[p_command], '{}') AS u;
    END LOOP;
    RETURN v_free_at;
END $$;
