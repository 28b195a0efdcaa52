-- What senders must know of the endpoints that are told: where, what, how, and whether at this moment. waits:
-- nothing is sent now. broken: after that, one attempt alone. signs_old: with the secret before, too. $1:
-- failures from which on an endpoint counts as broken.
SELECT e.endpoint_id, e.consumer, e.url, e.mode, e.ordering, e.kinds, k.show_ids, k.personal, e.generation,
       COALESCE(e.old_until > engine_now(), false) AS signs_old, e.failures > 0 AS failing, e.failures >= $1 AS broken,
       COALESCE(e.not_before > engine_now(), false) AS waits
FROM webhook_endpoints AS e JOIN feed_consumers AS k USING (consumer)
WHERE k.state = 'active'
ORDER BY e.endpoint_id
