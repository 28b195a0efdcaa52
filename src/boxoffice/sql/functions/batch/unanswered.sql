-- unanswered(commands, outcomes): the commands that have no outcome yet.
CREATE OR REPLACE FUNCTION unanswered(p_commands engine_command[], p_outcomes command_outcome[]) RETURNS engine_command[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN ARRAY(
        SELECT c FROM unnest(p_commands) AS c
        WHERE c.command_no <> ALL (ARRAY(SELECT o.command_no FROM unnest(p_outcomes) AS o))
    );
END $$;
