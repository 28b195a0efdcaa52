-- erase_answers(user, shows, view): removes kept answers that an erased person got, and the person from
-- answers that others got: the profile becomes `view`, the reason goes. The fingerprint goes, too: it is the
-- hash of what was asked, of a name and an address, or of a reason. Locks: the caller holds the inventory
-- rows of these shows; then idempotency_keys.
CREATE OR REPLACE FUNCTION erase_answers(p_user_id bigint, p_show_ids bigint[], p_view jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    DELETE FROM idempotency_keys WHERE actor LIKE 'user:%' AND actor = 'user:' || p_user_id;
    UPDATE idempotency_keys SET fingerprint = '', outcome = jsonb_set(outcome, '{details,user}', p_view)
    WHERE show_id = 0 AND outcome -> 'details' -> 'user' ->> 'id' = p_user_id::text;
    UPDATE idempotency_keys SET fingerprint = '', outcome = jsonb_set(outcome, '{booking,reason}', 'null')
    WHERE show_id = ANY (p_show_ids) AND (outcome -> 'booking' ->> 'user_id')::bigint = p_user_id
      AND outcome -> 'booking' ->> 'reason' IS NOT NULL;
END $$;
