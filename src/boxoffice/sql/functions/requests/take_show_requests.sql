-- take_show_requests(show, requests, queued_max): notes bookings of one show that are to be decided later, in
-- their order, and tells of each what became of it (fate):
--   taken   it is noted now
--   known   it was noted before, by this ticket or by its key: one key, one ticket
--   reused  the key belongs to a request that asks for something else
--   full    as many as `queued_max` wait in this show already; nothing was noted
-- A request without asked_at is asked now. ahead: how many wait before it. Each row is looked up by its key,
-- one by one (OFFSET 0 and LIMIT 1 keep it so): a plan that was made while the table was empty would read all
-- rows of the show.
-- Locks: only new rows.
CREATE OR REPLACE FUNCTION take_show_requests(p_show_id bigint, p_requests jsonb, p_queued_max integer)
RETURNS SETOF taken_request
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_now    timestamptz := engine_now();
    v_queued integer := queued_before(p_show_id, NULL, p_queued_max);
    v_known  uuid[] := ARRAY(
        SELECT k.ticket_id FROM jsonb_populate_recordset(NULL::asked_request, p_requests) AS r
        CROSS JOIN LATERAL (
            SELECT ticket_id FROM booking_requests WHERE show_id = p_show_id AND ticket_id = r.ticket_id
            OFFSET 0
        ) AS k
    );
BEGIN
    INSERT INTO booking_requests (
        show_id, ticket_id, actor, user_id, key_hash, fingerprint, command, request_id, asked_at, answer_by
    )
    SELECT p_show_id, r.ticket_id, r.actor, r.user_id, r.key_hash, r.fingerprint, r.command, r.request_id,
           COALESCE(r.asked_at, v_now), COALESCE(r.asked_at, v_now) + make_interval(secs => r.answer_seconds)
    FROM jsonb_populate_recordset(NULL::asked_request, p_requests) AS r
    ORDER BY r.no
    LIMIT p_queued_max - v_queued
    ON CONFLICT DO NOTHING;

    RETURN QUERY
    SELECT r.no, b.ticket_id,
           CASE
               WHEN b.ticket_id IS NULL THEN 'full'
               WHEN b.ticket_id = r.ticket_id AND b.ticket_id <> ALL (v_known) THEN 'taken'
               WHEN b.ticket_id <> r.ticket_id AND b.fingerprint <> r.fingerprint THEN 'reused'
               ELSE 'known'
           END,
           CASE
               WHEN b.state <> 'queued' THEN 0
               WHEN b.ticket_id = r.ticket_id AND b.ticket_id <> ALL (v_known)
               THEN v_queued + (count(*) OVER (ORDER BY b.position))::integer - 1
               ELSE queued_before(p_show_id, b.position, p_queued_max)
           END,
           b.asked_at, b.answer_by
    FROM jsonb_populate_recordset(NULL::asked_request, p_requests) AS r
    LEFT JOIN LATERAL (
        SELECT q.ticket_id, q.fingerprint, q.state, q.position, q.asked_at, q.answer_by
        FROM booking_requests AS q WHERE q.show_id = p_show_id AND q.ticket_id = r.ticket_id
        UNION ALL
        SELECT q.ticket_id, q.fingerprint, q.state, q.position, q.asked_at, q.answer_by
        FROM booking_requests AS q
        WHERE q.show_id = p_show_id AND q.actor = r.actor AND q.key_hash = r.key_hash
        LIMIT 1
    ) AS b ON true;
END $$;
