-- cooldown_left(free_at, now): what a refusal tells of a pause, or of another bound, that ends at free_at.
CREATE OR REPLACE FUNCTION cooldown_left(p_free_at timestamptz, p_now timestamptz) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN jsonb_build_object('retry_after_s', ceil(extract(epoch FROM p_free_at - p_now) * 1e3) / 1e3);
