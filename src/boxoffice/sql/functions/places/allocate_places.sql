-- allocate_places(show, now, commands): decides one by one, in order, which places each retake, book and
-- block command gets, or why it gets none. Late confirms (retake) go first: they are paid for. A block is a
-- booking without id, whose owner is the house. Nothing is changed: the search works on a copy of the map.
-- hints: the run hints after the search. The show's layout says which function picks
-- (docs/decisions/0033-layouts-and-places.md).
-- Locks: none; the caller holds the show's inventory row.
CREATE OR REPLACE FUNCTION allocate_places(
    p_show_id bigint, p_now timestamptz, p_commands engine_command[],
    OUT outcomes command_outcome[], OUT hints integer[]
) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_chunks bit varying[] := ARRAY(SELECT taken FROM map_chunks WHERE show_id = p_show_id ORDER BY chunk_no);
    v_layout text;
    v_total  integer;
    v_free   integer;
    v_number integer;
    c        record;
    v_choice seat_choice;
    v_place  integer;
    v_booking bookings;
BEGIN
    SELECT layout, total_places, free_places, run_hints, last_booking_number
    INTO v_layout, v_total, v_free, hints, v_number
    FROM show_inventory WHERE show_id = p_show_id;

    FOR c IN
        SELECT a AS command, a.kind, a.kind = 'block' OR u.user_id IS NOT NULL AS user_known,
               r.code AS cap_code, r.details AS cap_details, r.again AS count_again
        FROM unnest(p_commands) AS a
        LEFT JOIN users AS u ON u.user_id = a.user_id AND u.erased_at IS NULL
        LEFT JOIN cap_refusals(p_show_id, p_now, p_commands, '{}') AS r ON r.command_no = a.command_no
        WHERE a.kind IN ('retake', 'book', 'block')
        ORDER BY a.kind = 'retake' DESC, a.command_no
    LOOP
        IF c.count_again THEN
            SELECT r.code, r.details INTO c.cap_code, c.cap_details
            FROM cap_refusals(p_show_id, p_now, ARRAY[c.command], outcomes) AS r;
        END IF;
        v_choice := CASE
            WHEN NOT c.user_known THEN no_choice('user_not_found', NULL)
            WHEN c.cap_code IS NOT NULL AND c.kind = 'book' THEN no_choice(c.cap_code, c.cap_details)
            WHEN (c.command).seat_numbers IS NOT NULL
                THEN exact_choice(v_chunks, v_total, v_free, (c.command).seat_numbers)
            WHEN v_layout = 'plain' THEN plain_choice(v_chunks, hints, v_total, v_free, (c.command).seat_count)
        END;
        IF v_choice.code IS NULL THEN  -- otherwise the caller would be told a refusal without a code
            RAISE feature_not_supported USING MESSAGE = format('no function picks places of the layout %s', v_layout);
        END IF;
        IF v_choice.code <> 'done' AND c.kind = 'retake' THEN
            v_choice := retake_refusal((c.command).booking_id, outcomes, v_choice.details);
        ELSIF v_choice.code = 'done' AND c.cap_code IS NOT NULL THEN  -- a late confirm that a cap refuses
            v_choice := no_choice(c.cap_code, c.cap_details);
        ELSIF v_choice.code = 'done' AND c.kind <> 'block' AND v_number = 16777215 THEN
            v_choice := no_choice('booking_numbers_used_up', NULL);
        END IF;

        IF v_choice.code = 'done' THEN
            FOREACH v_place IN ARRAY v_choice.places LOOP  -- not in a function: each call would copy the map
                v_chunks[chunk_of(v_place) + 1] := set_bit(v_chunks[chunk_of(v_place) + 1], bit_of(v_place), 1);
            END LOOP;
            v_free := v_free - cardinality(v_choice.places);
            hints := COALESCE(v_choice.hints, hints);
            v_booking := NULL;  -- set by name, so that a column of a later migration stays NULL
            v_booking.places := v_choice.places;
            IF c.kind = 'block' THEN
                v_booking.reason := (c.command).reason;
            ELSE
                v_number := v_number + 1;
                v_booking.show_id := p_show_id;
                v_booking.booking_id := p_show_id << 24 | v_number;
                v_booking.user_id := (c.command).user_id;
                v_booking.status := CASE WHEN (c.command).hold_seconds IS NULL THEN 'CONFIRMED' ELSE 'PENDING' END;
                v_booking.expires_at := p_now + make_interval(secs => (c.command).hold_seconds);
                v_booking.retaken_from := CASE c.kind WHEN 'retake' THEN (c.command).booking_id END;
                v_booking.reference := (c.command).reference;
                v_booking.metadata := (c.command).metadata;
                v_booking.created_at := p_now;
                v_booking.updated_at := p_now;
                v_booking.capped := (c.command).caps IS NOT NULL OR c.kind = 'retake';
                IF (c.command).caps ? 'within' THEN
                    v_booking.counts_in := ARRAY(
                        SELECT s.show_id::bigint FROM jsonb_array_elements((c.command).caps -> 'within') AS s (show_id)
                    );
                END IF;
            END IF;
            outcomes := outcomes || done(c.command, v_booking, v_choice.told);
        ELSE
            outcomes := outcomes || refuse(c.command, v_choice.code, v_choice.details);
        END IF;
    END LOOP;
END $$;
