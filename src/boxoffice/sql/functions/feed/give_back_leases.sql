-- give_back_leases(duty, holder, slices, leaves): makes these leases free at once. leaves: the process takes
-- no leases of the duty any more, so the others may share its part.
-- Locks: the leases.
CREATE OR REPLACE FUNCTION give_back_leases(p_duty text, p_holder text, p_slices integer[], p_leaves boolean)
RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    UPDATE feed_leases SET holder = NULL, until = '-infinity'
    WHERE duty = p_duty AND holder = p_holder AND slice = ANY (p_slices);
    IF p_leaves THEN
        DELETE FROM feed_holders WHERE duty = p_duty AND holder = p_holder;
    END IF;
END $$;
