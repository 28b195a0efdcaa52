-- moment_text(at): a time in the notation of all answers (RFC 3339 in UTC, with a Z), for the details of
-- events and refusals.
CREATE OR REPLACE FUNCTION moment_text(p_at timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (to_json(p_at AT TIME ZONE 'UTC') #>> '{}') || 'Z';
