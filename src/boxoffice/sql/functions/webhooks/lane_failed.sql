-- lane_failed(show, endpoint, lease, message, attempt, pauses, probing): a message of the show has not
-- arrived. Gives what follows: 'waits' (tried again later, its show waits), 'parked' (a letter, its show goes
-- on), 'broken' or 'disabled' (so is the endpoint), 'lost' (the lease is another's, or the cursor was set
-- elsewhere). lease: {duty, slice, epoch}. message: {before, seq, last_seq, link, acknowledged}: the cursor
-- before it, its events, the link of its last event as hexadecimal text, and what the endpoint acknowledged
-- before. A message may block its show for attempt.blocked_max_s; of an endpoint without order it becomes a
-- letter at once. While the endpoint is broken nothing is parked: the fault is not the message's. The letter
-- and the cursor that passes it are written together, so no letter is forgotten, and none is told twice.
-- Locks, in this order: the lease, the endpoint, its consumer, the cursor, the lane.
CREATE OR REPLACE FUNCTION lane_failed(
    p_show_id bigint, p_endpoint_id bigint, p_lease jsonb, p_message jsonb, p_attempt jsonb, p_pauses float8[],
    p_probing boolean
) RETURNS text
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_now      timestamptz := engine_now();
    v_consumer text := 'webhook:' || p_endpoint_id;
    v_before   bigint := (p_message->>'before')::bigint;
    v_seq      bigint := (p_message->>'seq')::bigint;
    v_last_seq bigint := (p_message->>'last_seq')::bigint;
    v_link     bytea := decode(p_message->>'link', 'hex');
    v_standing text;
    v_alone    boolean;
    v_lane     webhook_lanes;
    v_left_s   float8;
    v_wait_s   float8;
BEGIN
    PERFORM FROM feed_leases
    WHERE duty = p_lease->>'duty' AND slice = (p_lease->>'slice')::integer AND epoch = (p_lease->>'epoch')::bigint
    FOR SHARE;
    IF NOT FOUND THEN
        RETURN 'lost';
    END IF;
    PERFORM note_attempt(p_show_id, p_endpoint_id, p_attempt);
    v_standing := endpoint_failed(p_endpoint_id, p_attempt, p_pauses, p_probing);
    IF v_standing <> 'works' THEN
        RETURN v_standing;
    END IF;
    IF v_before <> COALESCE((
        SELECT c.seq FROM feed_cursors AS c WHERE c.consumer = v_consumer AND c.show_id = p_show_id FOR UPDATE
    ), 0) THEN
        RETURN 'lost';
    END IF;
    SELECT * INTO v_lane FROM webhook_lanes
    WHERE show_id = p_show_id AND endpoint_id = p_endpoint_id FOR UPDATE;
    IF v_lane.seq IS DISTINCT FROM v_seq OR v_lane.attempts = 0 THEN
        v_lane.attempts := 0;
        v_lane.failed_at := v_now;
    END IF;
    v_alone := (SELECT e.ordering = 'none' FROM webhook_endpoints AS e WHERE e.endpoint_id = p_endpoint_id);
    v_left_s := (p_attempt->>'blocked_max_s')::float8 - extract(epoch FROM v_now - v_lane.failed_at);
    v_wait_s := greatest(p_pauses[least(v_lane.attempts + 1, cardinality(p_pauses))], (p_attempt->>'wait_s')::float8);
    IF v_alone OR v_left_s <= 0 THEN
        INSERT INTO webhook_letters (
            show_id, endpoint_id, cause, seq, last_seq, link, attempts, next_try_at, last_status, written_at
        ) VALUES (
            p_show_id, p_endpoint_id, CASE WHEN v_alone THEN 'alone' ELSE 'lane' END, v_seq, v_last_seq, v_link,
            v_lane.attempts + 1, CASE WHEN v_alone THEN v_now + make_interval(secs => v_wait_s) END,
            p_attempt->>'told', v_now
        );
        INSERT INTO feed_cursors AS c (show_id, consumer, seq, link)
        VALUES (p_show_id, v_consumer, v_last_seq, v_link)
        ON CONFLICT (consumer, show_id) DO UPDATE SET seq = EXCLUDED.seq, link = EXCLUDED.link;
        INSERT INTO webhook_lanes AS l (show_id, endpoint_id, attempts, hole_from, hole_to)
        VALUES (p_show_id, p_endpoint_id, 0, (p_message->>'acknowledged')::bigint, v_last_seq)
        ON CONFLICT (endpoint_id, show_id) DO UPDATE
        SET attempts = 0, seq = NULL, last_seq = NULL, failed_at = NULL, next_try_at = NULL,
            hole_from = EXCLUDED.hole_from, hole_to = EXCLUDED.hole_to, last_status = p_attempt->>'told';
        RETURN 'parked';
    END IF;
    INSERT INTO webhook_lanes AS l (show_id, endpoint_id, attempts, seq, last_seq, failed_at, next_try_at, last_status)
    VALUES (
        p_show_id, p_endpoint_id, v_lane.attempts + 1, v_seq, v_last_seq, v_lane.failed_at,
        v_now + make_interval(secs => least(v_wait_s, v_left_s)), p_attempt->>'told'
    )
    ON CONFLICT (endpoint_id, show_id) DO UPDATE
    SET attempts = EXCLUDED.attempts, seq = EXCLUDED.seq, last_seq = EXCLUDED.last_seq,
        failed_at = EXCLUDED.failed_at, next_try_at = EXCLUDED.next_try_at, last_status = EXCLUDED.last_status;
    RETURN 'waits';
END $$;
