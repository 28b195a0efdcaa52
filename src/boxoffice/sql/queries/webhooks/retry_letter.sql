-- Lets letter $2 of endpoint $1 be tried at once. No row if there is no such letter.
UPDATE webhook_letters SET next_try_at = engine_now() WHERE endpoint_id = $1 AND letter_id = $2 RETURNING letter_id
