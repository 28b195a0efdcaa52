-- I9: replaying a show's events, the last one on each seat, gives who owns it now.
WITH last_event AS (
    SELECT DISTINCT ON (e.show_id, seat) e.show_id, seat, e.kind, e.booking_id
    FROM all_events AS e CROSS JOIN unnest(e.seats) AS seat
    ORDER BY e.show_id, seat, e.seq DESC
),
replayed AS (
    SELECT show_id, seat AS seat_number, booking_id FROM last_event
    WHERE kind IN ('booked', 'held', 'extended', 'confirmed', 'blocked')
)
SELECT show_id,
       format('seat %s: by the events %s, by the table %s', seat_number,
              CASE WHEN r.there IS NULL THEN 'free' ELSE COALESCE(r.booking_id::text, 'the house') END,
              CASE WHEN o.there IS NULL THEN 'free' ELSE COALESCE(o.booking_id::text, 'the house') END) AS violation
FROM (SELECT *, true AS there FROM replayed) AS r
FULL JOIN (SELECT show_id, seat_number, booking_id, true AS there FROM all_seats) AS o USING (show_id, seat_number)
WHERE (r.there, r.booking_id) IS DISTINCT FROM (o.there, o.booking_id)
