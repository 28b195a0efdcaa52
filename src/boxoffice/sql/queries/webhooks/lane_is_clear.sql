-- A message of show $1 has arrived at endpoint $2: nothing of the show up to event $3 is in trouble.
DELETE FROM webhook_lanes
WHERE show_id = $1 AND endpoint_id = $2 AND (last_seq IS NULL OR last_seq <= $3) AND (hole_to IS NULL OR hole_to <= $3)
