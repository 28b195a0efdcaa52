-- The shows that began longer ago than $1 (an interval), in the order of (start_time, show_id): after the
-- show ($2, $3), $4 at most. waits: whether rows of the show are left to archive. Events are moved last, so a
-- show without events here is archived.
SELECT s.show_id, s.start_time,
       EXISTS (SELECT FROM show_events AS e WHERE e.show_id = s.show_id) AS waits
FROM shows AS s
WHERE s.start_time < (SELECT engine_now()) - $1::interval
  AND ($2::timestamptz IS NULL OR (s.start_time, s.show_id) > ($2, $3::bigint))
ORDER BY s.start_time, s.show_id
LIMIT $4
