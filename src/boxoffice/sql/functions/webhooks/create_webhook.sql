-- create_webhook(key, name, url, kinds, mode, ordering, shows, personal, from start, most): a new endpoint
-- and its consumer, told from now on or from the start. Gives its id and whether it is new; a request that is
-- repeated finds the endpoint that it made by its key. id NULL: there are `most` endpoints already.
-- Locks: the new rows; the whole table against other creations, so that the bound holds.
CREATE OR REPLACE FUNCTION create_webhook(
    p_key bytea, p_name text, p_url text, p_kinds text[], p_mode text, p_ordering text, p_show_ids bigint[],
    p_personal boolean, p_from_start boolean, p_most bigint
) RETURNS TABLE (endpoint_id bigint, created boolean)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_id bigint;
BEGIN
    LOCK TABLE webhook_endpoints IN SHARE ROW EXCLUSIVE MODE;
    SELECT e.endpoint_id INTO v_id FROM webhook_endpoints AS e WHERE e.creation_key = p_key;
    IF FOUND THEN
        RETURN QUERY SELECT v_id, false;
        RETURN;
    END IF;
    IF (SELECT count(*) FROM webhook_endpoints) >= p_most THEN
        RETURN QUERY SELECT NULL::bigint, false;
        RETURN;
    END IF;
    v_id := nextval(pg_get_serial_sequence('webhook_endpoints', 'endpoint_id'));
    PERFORM create_consumer('webhook:' || v_id, 'webhook', p_show_ids, p_personal, '{}', p_from_start);
    INSERT INTO webhook_endpoints (endpoint_id, creation_key, name, url, kinds, mode, ordering, created_at)
    VALUES (v_id, p_key, p_name, p_url, p_kinds, p_mode, p_ordering, engine_now());
    RETURN QUERY SELECT v_id, true;
END $$;
