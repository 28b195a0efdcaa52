-- unblock_seats(show, now, command): gives blocked seats back to sale, all or none.
-- Locks: the caller holds the show's inventory row; then its seats and sections.
CREATE OR REPLACE FUNCTION unblock_seats(p_show_id bigint, p_now timestamptz, p_command show_command)
RETURNS command_outcome
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_booking bookings;
    v_others  integer[] := ARRAY(
        SELECT seat FROM unnest(p_command.seat_numbers) AS seat
        WHERE NOT EXISTS (
            SELECT FROM booking_seats AS s
            WHERE s.show_id = p_show_id AND s.seat_number = seat AND s.booking_id IS NULL
        )
        ORDER BY seat
    );
BEGIN
    IF v_others <> '{}' THEN
        RETURN ROW(
            p_command.command_no, p_show_id, 'seats_not_blocked', false, NULL, jsonb_build_object('seats', v_others)
        )::command_outcome;
    END IF;
    DELETE FROM booking_seats WHERE show_id = p_show_id AND seat_number = ANY (p_command.seat_numbers);
    -- fault point: before_unblocked_map
    PERFORM mark_seats(p_show_id, p_command.seat_numbers, 0);
    UPDATE show_inventory
    SET free_seats = free_seats + p_command.seat_count,
        blocked_seats = blocked_seats - p_command.seat_count,
        run_hints = lowered_hints(run_hints, (SELECT min(seat) FROM unnest(p_command.seat_numbers) AS seat))
    WHERE show_id = p_show_id;
    PERFORM append_event(
        p_show_id, p_now, p_command, 'unblocked', p_command.seat_numbers,
        CASE WHEN p_command.reason IS NOT NULL THEN jsonb_build_object('reason', p_command.reason) END
    );
    v_booking.seats := p_command.seat_numbers;
    RETURN ROW(p_command.command_no, p_show_id, 'done', false, v_booking, NULL)::command_outcome;
END $$;
