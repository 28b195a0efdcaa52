-- I8: the columns that only save a search are right. No run of n free places begins before run_hints[n]: the
-- search would miss it. No hold ends before next_expiry_at: the show would end it too late. No booking's
-- number is above last_booking_number: a later booking would get the same id.
SELECT i.show_id, format('a run of %s free places begins at place %s, before its hint %s', h.n, find_run(m.chunks, 1, h.n::integer), h.hint) AS violation
FROM show_inventory AS i
CROSS JOIN LATERAL (SELECT array_agg(taken ORDER BY chunk_no) AS chunks FROM map_chunks WHERE show_id = i.show_id) AS m
CROSS JOIN LATERAL unnest(i.run_hints) WITH ORDINALITY AS h (hint, n)
WHERE find_run(m.chunks, 1, h.n::integer) < h.hint
UNION ALL
SELECT i.show_id, format('a hold ends at %s, the show waits for %s', min(b.expires_at), i.next_expiry_at)
FROM show_inventory AS i JOIN all_bookings AS b ON b.show_id = i.show_id AND b.status = 'PENDING'
GROUP BY i.show_id, i.next_expiry_at
HAVING i.next_expiry_at IS NULL OR i.next_expiry_at > min(b.expires_at)
UNION ALL
SELECT i.show_id, format('booking number %s is above the counter %s', max(b.booking_id & 16777215), i.last_booking_number)
FROM show_inventory AS i JOIN all_bookings AS b USING (show_id)
GROUP BY i.show_id, i.last_booking_number
HAVING max(b.booking_id & 16777215) > i.last_booking_number
