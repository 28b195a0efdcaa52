-- expired_outcomes(expired, commands): the outcomes of the expire commands. The batch has ended the holds
-- before its commands. The first command gets their number and the others get 0, so that the sum is right.
CREATE OR REPLACE FUNCTION expired_outcomes(p_expired integer, p_commands engine_command[]) RETURNS command_outcome[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN ARRAY(
        SELECT done(c, NULL, jsonb_build_object(
            'expired_count', CASE row_number() OVER (ORDER BY c.command_no) WHEN 1 THEN p_expired ELSE 0 END
        ))
        FROM unnest(p_commands) AS c WHERE c.kind = 'expire'
    );
END $$;
