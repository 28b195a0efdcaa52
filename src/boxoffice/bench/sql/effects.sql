-- What was done to seats since the tables were filled, by kind.
SELECT kind, count(*) FROM show_events
WHERE kind IN ('booked', 'held', 'confirmed', 'cancelled') AND actor <> 'bench-fill'
GROUP BY kind
