-- forget_callers(after, users): of the next users in caller_locks deletes the rows of those that have no hold
-- that is counted; a user's next hold makes a new row. A user whose row is locked has a hold under way, and
-- is left alone. To be run in READ COMMITTED: whether a user has holds is asked once the lock is had, and
-- batches that lock other users must not conflict with this. Locks: caller_locks, without waiting.
CREATE OR REPLACE FUNCTION forget_callers(p_after bigint, p_users integer, OUT last_user_id bigint, OUT forgotten integer)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_ids bigint[];
BEGIN
    SELECT array_agg(l.user_id), max(l.user_id) INTO v_ids, last_user_id
    FROM (SELECT user_id FROM caller_locks WHERE user_id > p_after ORDER BY user_id LIMIT p_users) AS l;
    v_ids := ARRAY(
        SELECT user_id FROM caller_locks WHERE user_id = ANY (v_ids) ORDER BY user_id FOR UPDATE SKIP LOCKED
    );
    DELETE FROM caller_locks AS l
    WHERE l.user_id = ANY (v_ids) AND NOT EXISTS (
        SELECT FROM unnest(l.show_ids) AS s (show_id)
        JOIN bookings AS b ON b.show_id = s.show_id AND b.user_id = l.user_id AND b.capped AND b.status = 'PENDING'
    );
    GET DIAGNOSTICS forgotten = ROW_COUNT;
END $$;
