-- Consumer $1 of the feed.
SELECT consumer, kind, state, show_ids, personal, config::text AS config, born_at
FROM feed_consumers WHERE consumer = $1
