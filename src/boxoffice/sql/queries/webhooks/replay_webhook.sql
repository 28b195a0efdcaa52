-- Tells endpoint $2 the events $3 to $4 of show $1 again.
SELECT replay_webhook($1, $2, $3, $4) AS events
