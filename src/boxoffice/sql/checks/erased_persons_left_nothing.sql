-- I9: nothing that was there before a person was erased tells of the person: no text of a booking, no origin
-- and no reason of an event, no answer that is kept, no login and no name. What requests wrote later, such as
-- the reason why a past sale was cancelled, goes when the erasure is asked again.
SELECT b.show_id, format('booking %s of the erased user %s keeps a text', b.booking_id, b.user_id) AS violation
FROM users AS u JOIN all_bookings AS b USING (user_id)
WHERE u.erased_at IS NOT NULL AND b.updated_at < u.erased_at
  AND (b.reason IS NOT NULL OR b.reference IS NOT NULL OR b.metadata IS NOT NULL)
UNION ALL
SELECT e.show_id, format('event %s of the erased user %s keeps an origin or a reason', e.seq, e.user_id)
FROM users AS u JOIN all_events AS e USING (user_id)
WHERE u.erased_at IS NOT NULL AND e.at < u.erased_at AND (e.origin IS NOT NULL OR e.reason IS NOT NULL)
UNION ALL
SELECT e.show_id, format('event %s keeps the origin of the erased user %s', e.seq, u.user_id)
FROM users AS u JOIN all_events AS e ON e.actor = 'user:' || u.user_id
WHERE u.erased_at IS NOT NULL AND e.at < u.erased_at AND e.origin IS NOT NULL
UNION ALL
SELECT k.show_id, format('an answer to %s tells of the erased user %s', k.actor, u.user_id)
FROM users AS u JOIN idempotency_keys AS k ON k.about_user_id = u.user_id OR k.actor = 'user:' || u.user_id
WHERE u.erased_at IS NOT NULL AND k.created_at < u.erased_at
UNION ALL
SELECT 0, format('the erased user %s has a name, an address or a login', u.user_id)
FROM users AS u
WHERE u.erased_at IS NOT NULL AND (
    u.name <> 'erased' OR u.email <> format('erased-%s@erased.invalid', u.user_id)
    OR EXISTS (SELECT FROM logins AS l WHERE l.user_id = u.user_id)
)
