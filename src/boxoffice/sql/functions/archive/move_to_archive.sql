-- move_to_archive(show, rows): moves up to `rows` rows of a closed show, and says how many of which kind:
-- first the owners, then the bookings that they refer to, the latest first (a booking that retook a hold
-- refers to it), then the events. A row is moved as it is when its lock is had; an erasure of a person
-- changes it before or after.
-- Locks: the caller holds the show's inventory row; then its owners, bookings and events.
CREATE OR REPLACE FUNCTION move_to_archive(
    p_show_id bigint, p_rows integer,
    OUT seats_moved integer, OUT bookings_moved integer, OUT events_moved integer
) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    WITH moved AS (
        DELETE FROM booking_seats
        WHERE show_id = p_show_id AND place = ANY (ARRAY(
            SELECT place FROM booking_seats WHERE show_id = p_show_id ORDER BY place LIMIT p_rows
        ))
        RETURNING *
    )
    INSERT INTO archived_seats SELECT * FROM moved;
    GET DIAGNOSTICS seats_moved = ROW_COUNT;

    -- fault point: between_archived_kinds
    WITH moved AS (
        DELETE FROM bookings
        WHERE show_id = p_show_id AND booking_id = ANY (ARRAY(
            SELECT b.booking_id FROM bookings AS b WHERE b.show_id = p_show_id
            ORDER BY b.booking_id DESC LIMIT p_rows - seats_moved
        ))
        RETURNING *
    )
    INSERT INTO archived_bookings SELECT * FROM moved;
    GET DIAGNOSTICS bookings_moved = ROW_COUNT;

    WITH moved AS (
        DELETE FROM show_events
        WHERE show_id = p_show_id AND seq = ANY (ARRAY(
            SELECT seq FROM show_events WHERE show_id = p_show_id ORDER BY seq LIMIT p_rows - seats_moved - bookings_moved
        ))
        RETURNING *
    )
    INSERT INTO archived_events SELECT * FROM moved;
    GET DIAGNOSTICS events_moved = ROW_COUNT;
END $$;
