-- I9: a show agrees with its events: it begins once; its name, type, start and number of places, and whether
-- it may be watched live, are as the last event about them tells; and it was made, changed, deleted and
-- archived at the times of these events.
SELECT COALESCE(s.show_id, e.show_id) AS show_id,
       format('the show is %s, its events say %s', COALESCE(s.state::text, 'not there'), COALESCE(e.state::text, 'nothing'))
       AS violation
FROM (
    SELECT show_id, (name, show_type, start_time, total_places, live, s.created_at, s.updated_at, deleted_at, archived_at) AS state
    FROM shows AS s FULL JOIN show_inventory AS i USING (show_id)
) AS s
FULL JOIN (
    SELECT show_id, (
        (array_agg(details ->> 'name' ORDER BY seq DESC) FILTER (WHERE details ? 'name'))[1],
        (array_agg(details ->> 'show_type' ORDER BY seq DESC) FILTER (WHERE details ? 'show_type'))[1],
        (array_agg((details ->> 'start_time')::timestamptz ORDER BY seq DESC) FILTER (WHERE details ? 'start_time'))[1],
        (array_agg((details ->> 'total_seats')::integer ORDER BY seq DESC) FILTER (WHERE details ? 'total_seats'))[1],
        COALESCE((array_agg((details ->> 'live')::boolean ORDER BY seq DESC) FILTER (WHERE details ? 'live'))[1], true),
        CASE WHEN count(*) FILTER (WHERE kind = 'show_created') = 1 THEN max(at) FILTER (WHERE kind = 'show_created') END,
        max(at) FILTER (WHERE kind IN ('show_created', 'show_updated')),
        max(at) FILTER (WHERE kind = 'show_deleted'), max(at) FILTER (WHERE kind = 'show_archived')
    ) AS state
    FROM all_events
    WHERE kind IN ('show_created', 'show_updated', 'show_deleted', 'show_archived')
    GROUP BY show_id
) AS e USING (show_id)
WHERE s.state IS DISTINCT FROM e.state
