-- recorded_outcomes(show, batch): the outcomes of a batch that was committed before, read from its
-- events: for a program that lost the answer. Commands without an effect are not among them and may
-- be asked again. Locks: the caller holds the show's inventory row.
CREATE OR REPLACE FUNCTION recorded_outcomes(p_show_id bigint, p_batch_id uuid) RETURNS SETOF command_outcome
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY
    SELECT e.command_no, p_show_id, 'done', false,
           CASE WHEN b.booking_id IS NOT NULL THEN b
           ELSE jsonb_populate_record(NULL::bookings, jsonb_build_object('seats', e.seats)) END,
           CASE WHEN e.kind LIKE 'show_%' THEN show_view(p_show_id) END
    FROM show_batches AS r
    JOIN show_events AS e ON e.show_id = p_show_id AND e.seq BETWEEN r.first_seq AND r.last_seq
    LEFT JOIN bookings AS b ON b.show_id = p_show_id AND b.booking_id = e.booking_id
    WHERE r.show_id = p_show_id AND r.batch_id = p_batch_id AND e.command_no IS NOT NULL;
END $$;
