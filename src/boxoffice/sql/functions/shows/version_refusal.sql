-- version_refusal(show, command): the refusal of a command that expects another version of the show; NULL
-- when it expects none, or this one. Locks: the caller holds the show's inventory row.
CREATE OR REPLACE FUNCTION version_refusal(p_show_id bigint, p_command engine_command) RETURNS command_outcome
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_seq bigint := (SELECT last_seq FROM show_inventory WHERE show_id = p_show_id);
BEGIN
    IF (p_command.details ->> 'expected_seq')::bigint <> v_seq THEN
        RETURN refuse(p_command, 'version_mismatch', jsonb_build_object('seq', v_seq));
    END IF;
    RETURN NULL;
END $$;
