-- Gives endpoint $1 the secret of generation $2, which follows its present one; the old one is good for $3
-- more (an interval). No row if the present generation is another one. A retry after a lost answer finds it
-- done.
UPDATE webhook_endpoints SET generation = $2, old_until = CASE WHEN generation = $2 THEN old_until ELSE engine_now() + $3::interval END
WHERE endpoint_id = $1 AND generation IN ($2 - 1, $2)
RETURNING generation
