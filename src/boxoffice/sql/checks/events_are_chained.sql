-- I9: each event's link is the hash of its content and of the link before it, and the show has the link of
-- its last event. So no event was changed, removed, inserted or moved.
SELECT e.show_id, format('event %s is not what was linked to the one before it', e.seq) AS violation
FROM (
    SELECT s.*, lag(s.link) OVER (PARTITION BY s.show_id ORDER BY s.seq) AS link_before FROM all_events AS s
) AS e
WHERE e.link <> sha256(COALESCE(e.link_before, '') || event_content(
    e.show_id, e.seq, e.kind, e.booking_id, e.user_id, e.places, e.actor, e.at, e.details
))
UNION ALL
SELECT i.show_id, format('the show is linked to another end than event %s', e.seq)
FROM show_inventory AS i
LEFT JOIN LATERAL (SELECT seq, link FROM all_events WHERE show_id = i.show_id ORDER BY seq DESC LIMIT 1) AS e ON true
WHERE i.last_link IS DISTINCT FROM e.link
