-- event_content(event): what an event says, in one fixed form: the bytes that its link is made of. Where a
-- request came from and the reasons that people give are left out, so that a person can be erased.
CREATE OR REPLACE FUNCTION event_content(p_event show_events) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE
RETURN convert_to(json_build_array(
    p_event.show_id, p_event.seq, p_event.kind, p_event.booking_id, p_event.user_id, p_event.seats, p_event.actor,
    p_event.at AT TIME ZONE 'UTC', COALESCE(p_event.details - 'reason', '{}')
)::text, 'UTF8');
