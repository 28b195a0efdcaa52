-- apply_commands(show, now, expired, commands): the outcomes of the commands of one batch on one show, kind
-- by kind. All commands were sent before any was answered, so any order is fair (decision 2): commands that
-- free places go first, then those that take places, in the order of arrival. A step without commands is
-- skipped. `expired`: how many holds this batch has ended before; the first expire command gets the number.
-- Locks: the caller holds the show's inventory row; then its bookings, the users that book, owners, chunks of
-- the map, and the show.
CREATE OR REPLACE FUNCTION apply_commands(
    p_show_id bigint, p_now timestamptz, p_expired integer, p_commands engine_command[]
) RETURNS command_outcome[]
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_kinds    text[] := ARRAY(SELECT DISTINCT c.kind FROM unnest(p_commands) AS c);
    v_outcomes command_outcome[] := '{}';
BEGIN
    IF v_kinds && '{update_show,unblock,return}' THEN
        v_outcomes := v_outcomes || ARRAY(
            SELECT CASE c.kind
                WHEN 'update_show' THEN update_show(p_show_id, p_now, c)
                WHEN 'return' THEN return_places(p_show_id, p_now, c)
                ELSE unblock_places(p_show_id, p_now, c)
            END
            FROM unnest(p_commands) AS c WHERE c.kind IN ('update_show', 'unblock', 'return')
        );
    END IF;
    IF v_kinds && '{cancel,fail}' THEN
        v_outcomes := v_outcomes || release_bookings(p_show_id, p_now, p_commands);
    END IF;
    IF v_kinds && '{confirm}' THEN
        v_outcomes := v_outcomes || confirm_bookings(p_show_id, p_now, p_commands);
    END IF;
    IF v_kinds && '{extend}' THEN
        v_outcomes := v_outcomes || extend_holds(p_show_id, p_now, p_commands);
    END IF;
    IF v_kinds && '{retake,book,block}' THEN
        v_outcomes := v_outcomes || book_places(p_show_id, p_now, p_commands);
    END IF;
    IF v_kinds && '{delete_show}' THEN
        v_outcomes := v_outcomes || ARRAY(
            SELECT delete_show(p_show_id, p_now, c) FROM unnest(p_commands) AS c WHERE c.kind = 'delete_show'
        );
    END IF;
    IF v_kinds && '{expire}' THEN
        v_outcomes := v_outcomes || expired_outcomes(p_expired, p_commands);
    END IF;
    IF cardinality(v_outcomes) < cardinality(p_commands) THEN  -- otherwise the program would send them for ever
        RAISE feature_not_supported USING MESSAGE = format('a command is of no kind that is known: %s', v_kinds);
    END IF;
    RETURN v_outcomes;
END $$;
