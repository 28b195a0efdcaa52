-- lock_shows(shows): locks these shows one by one, in the order that is given: the caller sorts them by id.
-- Locks: the inventory rows of the shows.
CREATE OR REPLACE FUNCTION lock_shows(p_show_ids bigint[]) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_show_id bigint;
BEGIN
    FOREACH v_show_id IN ARRAY p_show_ids LOOP
        PERFORM FROM show_inventory WHERE show_id = v_show_id FOR UPDATE;
    END LOOP;
END $$;
