-- time_left(free_at, now): what the details of a refusal say when the command is possible from free_at on.
CREATE OR REPLACE FUNCTION time_left(p_free_at timestamptz, p_now timestamptz) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN jsonb_build_object('retry_after_s', ceil(extract(epoch FROM p_free_at - p_now) * 1e3) / 1e3);
