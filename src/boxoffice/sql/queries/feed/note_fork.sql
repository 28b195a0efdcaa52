-- Notes that consumer $1 has an event $3 of show $2, with the link $4, that is not in the show's history.
INSERT INTO feed_forks (consumer, show_id, seq, link, noticed_at) VALUES ($1, $2, $3, $4, engine_now())
ON CONFLICT (consumer, show_id) DO NOTHING
