-- version_refusal(show, command): the refusal of a command that is meant for other versions of the show than
-- the one it has; NULL when it is meant for any, or for this one too. Locks: the caller holds the show's
-- inventory row.
CREATE OR REPLACE FUNCTION version_refusal(p_show_id bigint, p_command engine_command) RETURNS command_outcome
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_seq bigint := (SELECT last_seq FROM show_inventory WHERE show_id = p_show_id);
BEGIN
    IF NOT p_command.details -> 'expected_seqs' @> to_jsonb(v_seq) THEN
        RETURN refuse(p_command, 'version_mismatch', jsonb_build_object('seq', v_seq));
    END IF;
    RETURN NULL;
END $$;
