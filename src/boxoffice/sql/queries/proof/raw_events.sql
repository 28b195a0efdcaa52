-- All events in the order of their chains, from the tables themselves, each column as it is stored. Times and
-- details are text: the settings of the session make it the same everywhere.
SELECT show_id, seq, kind, booking_id, user_id, places::text AS places, actor, at::text AS at, details::text AS details, link
FROM show_events
UNION ALL
SELECT show_id, seq, kind, booking_id, user_id, places::text, actor, at::text, details::text, link FROM archived_events
ORDER BY show_id, seq
