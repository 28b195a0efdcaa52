-- expire_holds(show, now, wanted): ends the show's holds that have run out and says how many. At most
-- 20,000 at a time, so that no batch takes seconds; the bookings `wanted` first, so that a command on
-- one of them sees its true state. Locks: the caller holds the show's inventory row; see end_bookings.
CREATE OR REPLACE FUNCTION expire_holds(p_show_id bigint, p_now timestamptz, p_wanted bigint[]) RETURNS integer
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_ends booking_end[] := ARRAY(
        SELECT ROW(NULL, b.booking_id, 'EXPIRED', 'engine', NULL, NULL)::booking_end
        FROM bookings AS b
        WHERE b.show_id = p_show_id AND b.status = 'PENDING' AND b.expires_at <= p_now
        ORDER BY b.booking_id = ANY (array_remove(p_wanted, NULL)) DESC, b.expires_at, b.booking_id
        LIMIT 20000
    );
BEGIN
    IF v_ends <> '{}' THEN
        PERFORM end_bookings(p_show_id, p_now, v_ends);
    END IF;
    -- fault point: before_next_expiry
    UPDATE show_inventory
    SET next_expiry_at = (SELECT min(expires_at) FROM bookings WHERE show_id = p_show_id AND status = 'PENDING')
    WHERE show_id = p_show_id;
    RETURN cardinality(v_ends);
END $$;
