-- archive_show(show, age, actor, rows): closes the show for good, if the show is old enough
-- (archive_refusal), and moves up to `rows` of its rows to the archive. The caller repeats the call until
-- `more` is false. Any process may go on with a closed show at any time, because nothing of the show changes
-- any more.
-- Locks: the show's inventory row; then its owners, bookings and events.
CREATE OR REPLACE FUNCTION archive_show(
    p_show_id bigint, p_age interval, p_actor text, p_rows integer,
    OUT code text, OUT seats_moved integer, OUT bookings_moved integer, OUT events_moved integer, OUT more boolean
) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_now     timestamptz;
    v_command engine_command;
BEGIN
    PERFORM FROM show_inventory WHERE show_id = p_show_id FOR UPDATE;
    v_now := engine_now();
    IF EXISTS (SELECT FROM show_inventory WHERE show_id = p_show_id AND archived_at IS NULL) THEN
        code := archive_refusal(p_show_id, p_age);
        IF code IS NOT NULL THEN
            RETURN;
        END IF;
        v_command.show_id := p_show_id;
        v_command.actor := p_actor;
        PERFORM append_event(p_show_id, v_now, v_command, 'show_archived', '{}', NULL);
        -- fault point: before_closed
        UPDATE show_inventory SET archived_at = v_now WHERE show_id = p_show_id;
    END IF;
    code := 'done';
    SELECT m.* INTO seats_moved, bookings_moved, events_moved FROM move_to_archive(p_show_id, p_rows) AS m;
    more := seats_moved + bookings_moved + events_moved = p_rows;
END $$;
