-- replayed_outcomes(show, commands): for commands whose idempotency key had its effect before, the
-- first answer again, or the refusal if the key came with another command then. Locks: none.
CREATE OR REPLACE FUNCTION replayed_outcomes(p_show_id bigint, p_commands show_command[])
RETURNS SETOF command_outcome
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY
    SELECT c.command_no, o.show_id,
           CASE WHEN same.payload THEN o.code ELSE 'idempotency_key_reused' END,
           same.payload,
           CASE WHEN same.payload THEN o.booking END,
           CASE WHEN same.payload THEN o.details END
    FROM unnest(p_commands) AS c
    JOIN idempotency_keys AS k ON k.show_id = p_show_id AND k.actor = c.actor AND k.key = c.idempotency_key
    CROSS JOIN LATERAL (SELECT k.fingerprint = c.fingerprint AS payload) AS same
    CROSS JOIN LATERAL jsonb_populate_record(NULL::command_outcome, k.outcome) AS o;
END $$;
