-- remember_outcomes(show, now, commands, outcomes): keeps the answers of commands that came with a key and
-- had an effect. A refusal is not kept: the client may try again with the same key. But the refusal of a
-- command that has an end (not_after) is kept: a ticket is decided once, however many workers decide it. An
-- answer that tells the profile of a user, or the reason of a user's booking, names the user, so that an
-- erasure finds it. The answer to an erasure tells of nobody any more, and stays: the erasure can be asked
-- again by its key.
-- Locks: only those that the calling function has taken.
CREATE OR REPLACE FUNCTION remember_outcomes(
    p_show_id bigint, p_now timestamptz, p_commands engine_command[], p_outcomes command_outcome[]
) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    INSERT INTO idempotency_keys (show_id, actor, key_hash, fingerprint, outcome, created_at, about_user_id)
    SELECT p_show_id, c.actor, c.key_hash, c.fingerprint, to_jsonb(o), p_now,
           COALESCE(
               CASE WHEN c.kind <> 'erase_user' THEN (o.details -> 'user' ->> 'id')::bigint END,
               CASE WHEN num_nonnulls((o.booking).reason, (o.booking).reference, (o.booking).metadata) > 0
                    THEN (o.booking).user_id END,
               CASE WHEN o.code <> 'done' AND num_nonnulls(c.reference, c.metadata) > 0 THEN c.user_id END
           )
    FROM unnest(p_outcomes) AS o
    JOIN unnest(p_commands) AS c ON c.command_no = o.command_no
    WHERE c.key_hash IS NOT NULL AND (o.code = 'done' OR c.not_after IS NOT NULL) AND NOT o.replayed;
END $$;
