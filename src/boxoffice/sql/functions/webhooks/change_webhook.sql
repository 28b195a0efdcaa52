-- change_webhook(endpoint, name, url, kinds, mode, ordering, shows, personal): gives the endpoint these
-- values. Shows that it was not told of before are told from now on. Gives whether there is such an endpoint.
-- Locks, in this order: the endpoint, its consumer, its new cursors.
CREATE OR REPLACE FUNCTION change_webhook(
    p_endpoint_id bigint, p_name text, p_url text, p_kinds text[], p_mode text, p_ordering text, p_show_ids bigint[],
    p_personal boolean
) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_consumer text;
    v_told     bigint[];
BEGIN
    UPDATE webhook_endpoints SET name = p_name, url = p_url, kinds = p_kinds, mode = p_mode, ordering = p_ordering
    WHERE endpoint_id = p_endpoint_id RETURNING consumer INTO v_consumer;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    SELECT show_ids INTO v_told FROM feed_consumers WHERE consumer = v_consumer FOR UPDATE;
    UPDATE feed_consumers SET show_ids = p_show_ids, personal = p_personal WHERE consumer = v_consumer;
    INSERT INTO feed_cursors (show_id, consumer, seq, link)
    SELECT i.show_id, v_consumer, i.last_seq, i.last_link FROM show_inventory AS i
    WHERE v_told IS NOT NULL AND NOT i.show_id = ANY (v_told) AND i.last_seq > 0
      AND (p_show_ids IS NULL OR i.show_id = ANY (p_show_ids))
    ON CONFLICT (consumer, show_id) DO UPDATE SET seq = EXCLUDED.seq, link = EXCLUDED.link;
    RETURN true;
END $$;
