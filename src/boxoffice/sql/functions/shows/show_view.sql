-- show_view(show): the show as views.Show tells it; an idempotent replay tells the same again. Locks: none.
CREATE OR REPLACE FUNCTION show_view(p_show_id bigint) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT jsonb_build_object(
            'id', s.show_id, 'name', s.name, 'start_time', s.start_time, 'total_seats', i.total_places,
            'available_seats', i.free_places, 'show_type', s.show_type, 'created_at', s.created_at,
            'updated_at', s.updated_at, 'seq', i.last_seq, 'reference', s.reference,
            'metadata', COALESCE(s.metadata, '{}'), 'live', s.live
        )
        FROM shows AS s JOIN show_inventory AS i USING (show_id)
        WHERE s.show_id = p_show_id
    );
END $$;
