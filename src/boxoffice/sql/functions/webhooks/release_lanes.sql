-- release_lanes(endpoint): what failed is due at once, and the hour for which a message may block its show
-- begins.
-- Locks: the lanes and letters of the endpoint.
CREATE OR REPLACE FUNCTION release_lanes(p_endpoint_id bigint) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_now timestamptz := engine_now();
BEGIN
    UPDATE webhook_lanes SET failed_at = v_now, next_try_at = v_now, attempts = 1
    WHERE endpoint_id = p_endpoint_id AND attempts > 0;
    UPDATE webhook_letters SET next_try_at = v_now WHERE endpoint_id = p_endpoint_id AND next_try_at IS NOT NULL;
END $$;
