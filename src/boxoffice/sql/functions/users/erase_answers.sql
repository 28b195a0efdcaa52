-- erase_answers(user, shows, view): removes the kept answers that an erased person got. In answers that
-- other callers got, the person's profile becomes `view`, and reason, reference and metadata are removed.
-- The fingerprint is removed, too: it is a hash of the request, and so of a name and an address, or of a
-- reason, which could be guessed from it.
-- Locks: the caller holds the inventory rows of these shows; then idempotency_keys.
CREATE OR REPLACE FUNCTION erase_answers(p_user_id bigint, p_show_ids bigint[], p_view jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    DELETE FROM idempotency_keys WHERE actor LIKE 'user:%' AND actor = 'user:' || p_user_id;
    UPDATE idempotency_keys SET fingerprint = '', outcome = jsonb_set(outcome, '{details,user}', p_view)
    WHERE show_id = 0 AND outcome -> 'details' -> 'user' ->> 'id' = p_user_id::text;
    UPDATE idempotency_keys SET fingerprint = '', outcome = jsonb_set(
        outcome, '{booking}', (outcome -> 'booking') || '{"reason":null,"reference":null,"metadata":null}'
    )
    WHERE show_id = ANY (p_show_ids) AND (outcome -> 'booking' ->> 'user_id')::bigint = p_user_id
      AND COALESCE(outcome -> 'booking' ->> 'reason', outcome -> 'booking' ->> 'reference',
                   outcome -> 'booking' ->> 'metadata') IS NOT NULL;
END $$;
