-- Takes for one process the next attempt at endpoint $1, which counts as broken ($2 failures) and whose pause
-- is over; for $3, within which the attempt has ended. No row if another process has it.
UPDATE webhook_endpoints SET not_before = engine_now() + $3::interval
WHERE endpoint_id = $1 AND failures >= $2 AND not_before <= engine_now()
RETURNING endpoint_id
