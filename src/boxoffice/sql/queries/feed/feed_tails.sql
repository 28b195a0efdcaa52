-- For each show of $1 the events from number $2 on, $3 at most: its event $2 itself comes first, if there is
-- one. Reasons that people gave are left out.
SELECT e.show_id, e.seq, e.kind, e.booking_id, e.user_id, e.places, e.actor, e.at,
       COALESCE(e.details, '{}')::text AS details, e.link
FROM unnest($1::bigint[], $2::bigint[]) AS w (show_id, seq)
CROSS JOIN LATERAL (
    SELECT * FROM all_events AS a WHERE a.show_id = w.show_id AND a.seq >= w.seq ORDER BY a.seq LIMIT $3
) AS e
ORDER BY e.show_id, e.seq
