-- The shows of the slices $1 (show_id % 16) in which requests wait, up to $2 of them; from one show to the
-- next by the index of what waits, so the look costs what it finds.
WITH RECURSIVE waiting AS (
    (SELECT show_id FROM booking_requests WHERE state = 'queued' ORDER BY show_id LIMIT 1)
    UNION ALL
    SELECT (SELECT q.show_id FROM booking_requests AS q
            WHERE q.state = 'queued' AND q.show_id > w.show_id ORDER BY q.show_id LIMIT 1)
    FROM waiting AS w WHERE w.show_id IS NOT NULL
)
SELECT show_id FROM waiting WHERE show_id IS NOT NULL AND show_id % 16 = ANY ($1::integer[]) LIMIT $2
