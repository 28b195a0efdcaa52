-- forget_letters(consumer, show, seq): the consumer is told again what follows event `seq` of the show (NULL:
-- of all shows). If it is an endpoint of a webhook, what was parked or failed there comes again by itself:
-- its letters beyond the event and its lanes go.
-- Locks: these letters and lanes.
CREATE OR REPLACE FUNCTION forget_letters(p_consumer text, p_show_id bigint, p_seq bigint) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    DELETE FROM webhook_letters
    WHERE 'webhook:' || endpoint_id = p_consumer AND (p_show_id IS NULL OR show_id = p_show_id) AND last_seq > p_seq;
    DELETE FROM webhook_lanes
    WHERE 'webhook:' || endpoint_id = p_consumer AND (p_show_id IS NULL OR show_id = p_show_id);
END $$;
