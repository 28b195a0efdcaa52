-- endpoint_failed(endpoint, attempt, pauses, probing): an attempt at the endpoint has failed. Gives its
-- standing: 'works', 'broken' or 'disabled'. pauses: seconds until the attempt after the first failure, the
-- second, and so on; after the last pause they stay as long. attempt has {gone, wait_s, broken_after,
-- disabled_after_s} beside what note_attempt reads. wait_s: the pause that the endpoint asked for, NULL for
-- none. A broken endpoint is left alone until not_before, then it gets one attempt (probing), whose failure
-- leads to the next pause. Attempts that were under way when it broke lead to none.
-- Locks, in this order: the endpoint, its consumer.
CREATE OR REPLACE FUNCTION endpoint_failed(
    p_endpoint_id bigint, p_attempt jsonb, p_pauses float8[], p_probing boolean
) RETURNS text
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_now    timestamptz := engine_now();
    v_wait_s float8 := (p_attempt->>'wait_s')::float8;
    v_gone   boolean := (p_attempt->>'gone')::boolean;
    v_row    webhook_endpoints;
    v_broken boolean;
BEGIN
    UPDATE webhook_endpoints AS e
    SET failures = e.failures + 1, failing_since = COALESCE(e.failing_since, v_now)
    WHERE e.endpoint_id = p_endpoint_id RETURNING * INTO v_row;
    IF NOT FOUND THEN
        RETURN 'disabled';
    END IF;
    v_broken := v_row.failures >= (p_attempt->>'broken_after')::integer;
    IF v_broken AND (p_probing OR v_row.probes = 0) THEN
        v_wait_s := greatest(v_wait_s, p_pauses[least(v_row.probes + 1, cardinality(p_pauses))]);
        UPDATE webhook_endpoints SET probes = v_row.probes + 1, not_before = v_now + make_interval(secs => v_wait_s)
        WHERE endpoint_id = p_endpoint_id;
    ELSIF v_wait_s IS NOT NULL THEN
        UPDATE webhook_endpoints SET not_before = greatest(not_before, v_now + make_interval(secs => v_wait_s))
        WHERE endpoint_id = p_endpoint_id;
    END IF;
    IF v_gone OR v_row.failing_since <= v_now - make_interval(secs => (p_attempt->>'disabled_after_s')::float8) THEN
        UPDATE webhook_endpoints SET disabled_because = CASE WHEN v_gone THEN 'gone' ELSE 'no_success' END
        WHERE endpoint_id = p_endpoint_id;
        UPDATE feed_consumers SET state = 'disabled' WHERE consumer = v_row.consumer;
        RETURN 'disabled';
    END IF;
    RETURN CASE WHEN v_broken THEN 'broken' ELSE 'works' END;
END $$;
