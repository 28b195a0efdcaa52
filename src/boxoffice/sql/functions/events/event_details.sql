-- event_details(details, reason): the details of an event as answers tell them, with the reason among them,
-- for a caller who may read reasons.
CREATE OR REPLACE FUNCTION event_details(p_details jsonb, p_reason text) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN COALESCE(p_details, '{}') || CASE WHEN p_reason IS NULL THEN '{}' ELSE jsonb_build_object('reason', p_reason) END;
