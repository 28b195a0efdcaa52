-- I9: what was told of a booking that was asked for by ticket is what happened: a booking that was told is
-- there and was made in time, and a request that was told no booking had none made under its key in its time.
SELECT r.show_id, format('request %s was told booking %s, which is not there or was made too late',
                         r.ticket_id, r.booking_id) AS violation
FROM booking_requests AS r LEFT JOIN all_bookings AS b USING (show_id, booking_id)
WHERE r.booking_id IS NOT NULL AND (b.booking_id IS NULL OR b.created_at >= r.answer_by)
UNION ALL
SELECT r.show_id, format('request %s was told no booking, and had one made', r.ticket_id)
FROM booking_requests AS r
JOIN idempotency_keys AS k ON k.show_id = r.show_id AND k.actor = r.actor AND k.key_hash = r.key_hash
WHERE r.state <> 'queued' AND r.booking_id IS NULL AND k.outcome ->> 'code' = 'done'
  AND k.fingerprint = r.fingerprint AND k.created_at < r.answer_by
