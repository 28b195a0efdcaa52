-- endpoint_works(endpoint, broken after): an attempt has arrived after failures. A broken endpoint is whole
-- again: its lanes are due at once, and the hour for which each may block its show begins anew.
-- Locks, in this order: the endpoint, its lanes.
CREATE OR REPLACE FUNCTION endpoint_works(p_endpoint_id bigint, p_broken_after integer) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_failures integer;
BEGIN
    SELECT failures INTO v_failures FROM webhook_endpoints WHERE endpoint_id = p_endpoint_id FOR UPDATE;
    IF v_failures >= p_broken_after THEN
        PERFORM release_lanes(p_endpoint_id);
        UPDATE webhook_endpoints SET not_before = NULL WHERE endpoint_id = p_endpoint_id;
    END IF;
    UPDATE webhook_endpoints SET failures = 0, probes = 0, failing_since = NULL WHERE endpoint_id = p_endpoint_id;
END $$;
