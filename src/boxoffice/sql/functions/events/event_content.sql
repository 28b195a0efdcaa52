-- event_content(show, seq, kind, booking, user, places, actor, at, details): what an event says, in one fixed
-- form: the bytes that its link is made of. The origin of a request and the reason that somebody gave are no
-- part of it, so that a person can be erased. A change of the form would break the chain of all events that
-- were ever written.
CREATE OR REPLACE FUNCTION event_content(
    p_show_id bigint, p_seq bigint, p_kind text, p_booking_id bigint, p_user_id bigint, p_places integer[], p_actor text,
    p_at timestamptz, p_details jsonb
) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE
RETURN convert_to(json_build_array(
    p_show_id, p_seq, p_kind, p_booking_id, p_user_id, p_places, p_actor, p_at AT TIME ZONE 'UTC',
    COALESCE(p_details, '{}')
)::text, 'UTF8');
