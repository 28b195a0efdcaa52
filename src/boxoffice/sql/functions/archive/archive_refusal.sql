-- archive_refusal(show, age): why the show must not be archived yet, or NULL. The show must be over and
-- unchanged for the time `age`, and have no hold. A show that changed lately may well change again.
-- Locks: none; the answer stands while the caller holds the show's inventory row.
CREATE OR REPLACE FUNCTION archive_refusal(p_show_id bigint, p_age interval) RETURNS text
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_over_at timestamptz := engine_now() - p_age;
BEGIN
    RETURN (
        SELECT CASE
            WHEN s.start_time > v_over_at THEN 'not_over'
            WHEN i.held_places > 0 THEN 'has_holds'
            WHEN (
                SELECT e.at FROM show_events AS e WHERE e.show_id = p_show_id AND e.seq = i.last_seq
            ) > v_over_at THEN 'changed_lately'
        END
        FROM shows AS s JOIN show_inventory AS i USING (show_id)
        WHERE s.show_id = p_show_id
    );
END $$;
