-- event_of(command, kind, booking, user, places, now, details): the event that a command writes;
-- append_events gives it a number and a link. The body must stay one expression, so that PostgreSQL inlines
-- it.
CREATE OR REPLACE FUNCTION event_of(
    p_command engine_command, p_kind text, p_booking_id bigint, p_user_id bigint, p_places integer[],
    p_now timestamptz, p_details jsonb
) RETURNS new_event
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ROW(
    p_kind, p_booking_id, p_user_id, p_places, p_command.actor, p_now, p_command.command_no, p_details,
    p_command.origin, p_command.reason
)::new_event;
