-- replayed_outcomes(show, commands): the outcomes of commands whose idempotency key was used before: the
-- first answer again, or a refusal if the key then came with another request. An answer about a booking is
-- given only to a command that may still touch this booking: since the first answer the caller may have lost
-- a role, and the booking its owner. Each key is looked up by itself (OFFSET 0 keeps it so): a plan that was
-- made while the table was empty would read all keys of the show. Locks: none.
CREATE OR REPLACE FUNCTION replayed_outcomes(p_show_id bigint, p_commands engine_command[]) RETURNS command_outcome[]
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ARRAY(
        SELECT CASE
            WHEN c.owner_id IS DISTINCT FROM (
                SELECT b.user_id FROM all_bookings AS b
                WHERE c.owner_id IS NOT NULL AND b.show_id = p_show_id AND b.booking_id = c.booking_id
            ) THEN refuse(c, 'booking_not_found', NULL)
            WHEN k.fingerprint = c.fingerprint
            THEN ROW(c.command_no, o.code, true, o.booking, o.details)::command_outcome
            ELSE refuse(c, 'idempotency_key_reused', NULL)
        END
        FROM unnest(p_commands) AS c
        CROSS JOIN LATERAL (
            SELECT fingerprint, outcome FROM idempotency_keys
            WHERE show_id = p_show_id AND actor = c.actor AND key_hash = c.key_hash
            OFFSET 0
        ) AS k
        CROSS JOIN LATERAL jsonb_populate_record(NULL::command_outcome, k.outcome) AS o
    );
END $$;
