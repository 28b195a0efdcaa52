-- archive_preview(show, age): what archive_show would do: the code that says why the show stays, or 'done'
-- and how many rows are left to move.
-- Locks: none. If the show changes at the same time, the answer may be that of before.
CREATE OR REPLACE FUNCTION archive_preview(
    p_show_id bigint, p_age interval, OUT code text, OUT seats bigint, OUT bookings bigint, OUT events bigint
) LANGUAGE plpgsql STABLE AS $$
BEGIN
    code := 'done';
    IF EXISTS (SELECT FROM show_inventory AS i WHERE i.show_id = p_show_id AND i.archived_at IS NULL) THEN
        code := COALESCE(archive_refusal(p_show_id, p_age), 'done');
    END IF;
    SELECT count(*) INTO seats FROM booking_seats AS s WHERE s.show_id = p_show_id;
    SELECT count(*) INTO bookings FROM bookings AS b WHERE b.show_id = p_show_id;
    SELECT count(*) INTO events FROM show_events AS e WHERE e.show_id = p_show_id;
END $$;
