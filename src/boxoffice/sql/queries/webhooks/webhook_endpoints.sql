-- The endpoints by id, or the endpoint $1, each with its state, what waits and what was parked;
-- old_secret_until: until when the secret before is good.
SELECT e.endpoint_id AS id, e.name, e.url, e.mode, e.ordering AS "order", e.kinds, k.show_ids, k.personal, k.state,
       e.disabled_because, e.generation, CASE WHEN e.old_until > engine_now() THEN e.old_until END AS old_secret_until,
       e.created_at, e.failures, e.failing_since, CASE WHEN e.not_before > engine_now() THEN e.not_before END AS waits_until,
       (SELECT count(*) FROM webhook_lanes AS l WHERE l.endpoint_id = e.endpoint_id AND l.attempts > 0) AS shows_blocked,
       (SELECT count(*) FROM webhook_letters AS l WHERE l.endpoint_id = e.endpoint_id AND l.next_try_at IS NULL) AS parked
FROM webhook_endpoints AS e JOIN feed_consumers AS k USING (consumer)
WHERE $1::bigint IS NULL OR e.endpoint_id = $1
ORDER BY e.endpoint_id
