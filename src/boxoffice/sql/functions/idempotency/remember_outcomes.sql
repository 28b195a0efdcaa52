-- remember_outcomes(show, now, commands, outcomes): keeps the answers of commands that came with a key and
-- had an effect. A refusal is not kept: the client may try again with the same key. Locks: only those that
-- the calling function has taken.
CREATE OR REPLACE FUNCTION remember_outcomes(
    p_show_id bigint, p_now timestamptz, p_commands engine_command[], p_outcomes command_outcome[]
) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    INSERT INTO idempotency_keys (show_id, actor, key, fingerprint, outcome, created_at)
    SELECT p_show_id, c.actor, c.idempotency_key, c.fingerprint, to_jsonb(o), p_now
    FROM unnest(p_outcomes) AS o
    JOIN unnest(p_commands) AS c ON c.command_no = o.command_no
    WHERE c.idempotency_key IS NOT NULL AND o.code = 'done' AND NOT o.replayed;
END $$;
