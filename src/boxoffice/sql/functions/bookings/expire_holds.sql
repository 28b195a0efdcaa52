-- expire_holds(show, now, wanted): ends the show's holds that have run out and says how many. It ends 5,000
-- at most, so that no batch takes a second; the next command or the sweeper goes on. So a sale in a show
-- with more of them may be refused for seats that will be free in a moment. The bookings `wanted` go first,
-- so that a command on one of them sees its true state.
-- Locks: the caller holds the show's inventory row; see end_bookings.
CREATE OR REPLACE FUNCTION expire_holds(p_show_id bigint, p_now timestamptz, p_wanted bigint[]) RETURNS integer
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_engine engine_command;
    v_ends   booking_end[];
BEGIN
    v_engine.show_id := p_show_id;
    v_engine.actor := 'engine';
    v_ends := ARRAY(
        SELECT ROW(d.booking_id, 'EXPIRED', v_engine)::booking_end
        FROM (
            SELECT booking_id, expires_at, true AS wanted FROM bookings
            WHERE show_id = p_show_id AND status = 'PENDING' AND expires_at <= p_now AND booking_id = ANY (p_wanted)
            UNION ALL
            (SELECT booking_id, expires_at, false FROM bookings
             WHERE show_id = p_show_id AND status = 'PENDING' AND expires_at <= p_now
               AND booking_id = ANY (p_wanted) IS NOT TRUE
             ORDER BY expires_at, booking_id LIMIT 5000)
        ) AS d
        ORDER BY d.wanted DESC, d.expires_at, d.booking_id
        LIMIT 5000
    );
    IF v_ends <> '{}' THEN
        PERFORM end_bookings(p_show_id, p_now, v_ends);
    END IF;
    -- fault point: before_next_expiry
    UPDATE show_inventory
    SET next_expiry_at = (SELECT min(expires_at) FROM bookings WHERE show_id = p_show_id AND status = 'PENDING')
    WHERE show_id = p_show_id;
    RETURN cardinality(v_ends);
END $$;
