-- allocate_seats(show, now, commands): decides, one by one in order, which seats each retake, book and
-- block command gets, and why another gets none. Late confirms go first: they are paid for.
-- Changes nothing: it works on a copy of the map, and gives the hints after it.
-- A block is a booking without id: its owner is the house. Locks: none; the caller holds the show's row.
CREATE OR REPLACE FUNCTION allocate_seats(
    p_show_id bigint, p_now timestamptz, p_commands show_command[],
    OUT outcomes command_outcome[], OUT hints integer[]
) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_maps    bit varying[] := ARRAY(
        SELECT taken FROM seat_sections WHERE show_id = p_show_id ORDER BY section_no
    );
    v_total   integer;
    v_free    integer;
    v_number  integer;
    c         record;
    v_code    text;
    v_details jsonb;
    v_seats   integer[];
    v_part    integer[];
    v_seat    integer;
    v_booking bookings;
BEGIN
    SELECT total_seats, free_seats, run_hints, last_booking_number INTO v_total, v_free, hints, v_number
    FROM show_inventory WHERE show_id = p_show_id;

    FOR c IN
        SELECT a.*, a.kind = 'block' OR u.user_id IS NOT NULL AS user_known, a AS command, r.again,
               r.code AS cap_code, r.details AS cap_details
        FROM unnest(p_commands) AS a
        LEFT JOIN users AS u ON u.user_id = a.user_id AND u.erased_at IS NULL
        LEFT JOIN cap_refusals(p_show_id, p_now, p_commands, '{}') AS r ON r.command_no = a.command_no
        WHERE a.kind IN ('retake', 'book', 'block')
        ORDER BY a.kind = 'retake' DESC, a.command_no
    LOOP
        v_code := 'done';
        v_details := NULL;
        v_booking := NULL;
        IF c.again THEN
            SELECT r.code, r.details INTO c.cap_code, c.cap_details
            FROM cap_refusals(p_show_id, p_now, ARRAY[c.command], outcomes) AS r;
        END IF;
        IF NOT c.user_known THEN
            v_code := 'user_not_found';
        ELSIF c.cap_code IS NOT NULL AND c.kind = 'book' THEN
            v_code := c.cap_code;
            v_details := c.cap_details;
        ELSIF c.seat_numbers IS NOT NULL THEN
            SELECT e.code, e.details INTO v_code, v_details
            FROM explicit_refusal(v_maps, v_total, v_free, c.seat_numbers) AS e;
        ELSIF c.seat_count > v_free THEN
            v_code := 'insufficient_seats';
            v_details := jsonb_build_object('requested', c.seat_count, 'available', v_free);
        END IF;
        IF v_code = 'done' AND c.cap_code IS NOT NULL THEN  -- a late confirm: first whether its seats are there
            v_code := c.cap_code;
            v_details := c.cap_details;
        ELSIF v_code = 'done' AND c.kind <> 'block' AND v_number = 16777215 THEN
            v_code := 'booking_numbers_used_up';
        ELSIF v_code <> 'done' AND c.kind = 'retake' THEN
            SELECT r.code, r.details INTO v_code, v_details FROM retake_refusal(c.booking_id, outcomes, v_details) AS r;
        END IF;

        IF v_code = 'done' THEN
            v_seats := '{}';
            WHILE cardinality(v_seats) < c.seat_count LOOP
                v_part := c.seat_numbers;
                IF v_part IS NULL THEN
                    SELECT b.hints, b.seats INTO hints, v_part
                    FROM best_run(v_maps, hints, v_total, c.seat_count - cardinality(v_seats)) AS b;
                END IF;
                FOREACH v_seat IN ARRAY v_part LOOP
                    v_maps[section_of(v_seat) + 1] := set_bit(v_maps[section_of(v_seat) + 1], bit_of(v_seat), 1);
                END LOOP;
                v_seats := v_seats || v_part;
            END LOOP;
            v_free := v_free - c.seat_count;
            IF c.kind = 'block' THEN
                v_booking.seats := v_seats;
                v_booking.reason := c.reason;
            ELSE
                v_number := v_number + 1;
                v_booking := ROW(
                    p_show_id, p_show_id << 24 | v_number, c.user_id,
                    CASE WHEN c.hold_interval IS NULL THEN 'CONFIRMED' ELSE 'PENDING' END,
                    ARRAY(SELECT unnest(v_seats) ORDER BY 1),
                    p_now + c.hold_interval, NULL, c.booking_id, p_now, p_now,
                    c.details IS NOT NULL OR c.kind = 'retake'
                );
            END IF;
        END IF;
        outcomes := outcomes || ROW(c.command_no, p_show_id, v_code, false, v_booking, v_details)::command_outcome;
    END LOOP;
END $$;
