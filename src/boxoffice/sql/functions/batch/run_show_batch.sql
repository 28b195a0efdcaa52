-- run_show_batch(show, batch, commands, again): runs the commands on one show; the places of a show change
-- only here. The order of the steps matters: lock the show; only then read the clock, because a command
-- that waited for the lock must not be decided by an earlier time; end the holds that have run out; answer
-- the commands whose key was answered before; refuse those whose time is over; apply the others; remember
-- their answers.
-- `again`: the batch was sent before, and its answer was lost. If the batch was committed, its outcomes
-- are read back. A batch that is sent for the first time is not looked up: under SERIALIZABLE all batches
-- would conflict, because every batch of every show writes to the table that the look-up reads.
-- A batch that is sent again always writes its row in show_batches. If the first copy arrives later, its
-- own INSERT violates the key and it is rolled back. So a command that was refused cannot take effect
-- afterwards.
-- Locks, in this order: the show's inventory row; then its bookings, the users that book (by the foreign
-- key of their bookings), owners, chunks of the map, and the show.
CREATE OR REPLACE FUNCTION run_show_batch(
    p_show_id bigint, p_batch_id uuid, p_commands engine_command[], p_again boolean
) RETURNS SETOF command_outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_show     show_inventory;
    v_now      timestamptz;
    v_expired  integer := 0;
    v_new      engine_command[] := p_commands;
    v_todo     engine_command[];
    v_outcomes command_outcome[];
    v_hurried  boolean := EXISTS (SELECT FROM unnest(p_commands) AS c WHERE c.not_after IS NOT NULL);
    v_keyed    boolean := EXISTS (SELECT FROM unnest(p_commands) AS c WHERE c.key_hash IS NOT NULL);
BEGIN
    SELECT * INTO v_show FROM show_inventory WHERE show_id = p_show_id FOR UPDATE;
    -- fault point: after_lock
    v_now := engine_now();

    IF p_again AND EXISTS (SELECT FROM show_batches WHERE show_id = p_show_id AND batch_id = p_batch_id) THEN
        RETURN QUERY SELECT * FROM recorded_outcomes(p_show_id, p_batch_id);
        RETURN;
    END IF;
    IF v_show.next_expiry_at <= v_now THEN
        v_expired := expire_holds(p_show_id, v_now, ARRAY(SELECT c.booking_id FROM unnest(p_commands) AS c));
    END IF;
    -- fault point: after_expiry
    IF v_keyed THEN
        v_outcomes := replayed_outcomes(p_show_id, p_commands);
        v_new := unanswered(p_commands, v_outcomes);
    END IF;
    v_todo := v_new;
    IF v_hurried THEN
        v_outcomes := v_outcomes || too_late_outcomes(v_now, v_new);
        v_todo := unanswered(v_new, v_outcomes);
    END IF;
    IF v_show.show_id IS NULL OR v_show.deleted_at IS NOT NULL OR v_show.archived_at IS NOT NULL THEN
        RETURN QUERY SELECT * FROM unnest(v_outcomes || closed_outcomes(
            p_show_id, v_show.show_id IS NULL OR v_show.deleted_at IS NOT NULL, v_show.archived_at IS NOT NULL, v_todo
        ));
        RETURN;
    END IF;
    v_todo := turn_late_confirms(p_show_id, v_todo);
    -- fault point: before_commands
    v_outcomes := v_outcomes || apply_commands(p_show_id, v_now, v_expired, v_todo);
    -- fault point: before_keys
    IF v_keyed THEN
        PERFORM remember_outcomes(p_show_id, v_now, v_new, v_outcomes);
    END IF;

    -- fault point: before_batch_record
    INSERT INTO show_batches (show_id, batch_id, first_seq, last_seq, created_at)
    SELECT p_show_id, p_batch_id, v_show.last_seq + v_expired + 1, i.last_seq, v_now FROM show_inventory AS i
    WHERE i.show_id = p_show_id AND (i.last_seq > v_show.last_seq + v_expired OR p_again);

    -- fault point: before_answer
    RETURN QUERY SELECT * FROM unnest(v_outcomes);
END $$;
