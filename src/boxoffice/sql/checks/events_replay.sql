-- I9: the last event about a place names its present owner, or leaves the place free if it has no owner.
WITH last_event AS (
    SELECT DISTINCT ON (e.show_id, p.place) e.show_id, p.place, e.kind, e.booking_id
    FROM all_events AS e CROSS JOIN unnest(e.places) AS p (place)
    ORDER BY e.show_id, p.place, e.seq DESC
),
replayed AS (
    SELECT l.show_id, l.place, l.booking_id FROM last_event AS l JOIN event_kinds AS k USING (kind) WHERE k.owned
)
SELECT show_id,
       format('place %s: by the events %s, by the table %s', place,
              CASE WHEN r.there IS NULL THEN 'free' ELSE COALESCE(r.booking_id::text, 'the house') END,
              CASE WHEN o.there IS NULL THEN 'free' ELSE COALESCE(o.booking_id::text, 'the house') END) AS violation
FROM (SELECT *, true AS there FROM replayed) AS r
FULL JOIN (SELECT show_id, place, booking_id, true AS there FROM all_seats) AS o USING (show_id, place)
WHERE (r.there, r.booking_id) IS DISTINCT FROM (o.there, o.booking_id)
