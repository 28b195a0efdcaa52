-- The consumers of the feed by name, or the consumer $1, each with its lag: how many shows and events it is
-- behind, since when the oldest event waits (of the first 1,000 shows), and how many shows are forked.
SELECT k.consumer, k.kind, k.state, k.show_ids, k.personal, k.config::text AS config, k.born_at,
       b.shows_behind, b.events_behind, b.oldest_at,
       (SELECT count(*) FROM feed_forks AS f WHERE f.consumer = k.consumer) AS forked_shows
FROM feed_consumers AS k
CROSS JOIN LATERAL (
    SELECT count(*) AS shows_behind, COALESCE(sum(greatest(d.last_seq - d.seq, 0)), 0)::bigint AS events_behind,
           min(d.oldest_at) AS oldest_at
    FROM (
        SELECT i.last_seq, COALESCE(c.seq, 0) AS seq,
               CASE WHEN row_number() OVER (ORDER BY i.show_id) <= 1000 THEN (
                   SELECT e.at FROM all_events AS e WHERE e.show_id = i.show_id AND e.seq = COALESCE(c.seq, 0) + 1
               ) END AS oldest_at
        FROM show_inventory AS i
        LEFT JOIN feed_cursors AS c ON c.consumer = k.consumer AND c.show_id = i.show_id
        WHERE i.last_seq <> COALESCE(c.seq, 0) AND (k.show_ids IS NULL OR i.show_id = ANY (k.show_ids))
    ) AS d
) AS b
WHERE $1::text IS NULL OR k.consumer = $1
ORDER BY k.consumer
