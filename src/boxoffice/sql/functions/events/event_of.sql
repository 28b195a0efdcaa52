-- event_of(command, kind, booking, user, places, now, details): the event that a command leaves. It gets its
-- number and its link in append_events. It must stay one expression, so that it costs no call.
CREATE OR REPLACE FUNCTION event_of(
    p_command engine_command, p_kind text, p_booking_id bigint, p_user_id bigint, p_places integer[],
    p_now timestamptz, p_details jsonb
) RETURNS new_event
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ROW(
    p_kind, p_booking_id, p_user_id, p_places, p_command.actor, p_now, p_command.command_no, p_details,
    p_command.origin
)::new_event;
