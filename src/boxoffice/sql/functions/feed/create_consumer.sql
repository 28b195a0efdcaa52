-- create_consumer(consumer, kind, shows, personal, config, from start): a new consumer, told from now on or
-- from the start of every show. 'From now on' takes all cursors in one snapshot: an event that is not visible
-- to the snapshot is told. Gives false if the name is another consumer's. The same wish
-- again, as after a lost answer, finds the consumer and changes nothing.
-- Locks: the new row.
CREATE OR REPLACE FUNCTION create_consumer(
    p_consumer text, p_kind text, p_show_ids bigint[], p_personal boolean, p_config jsonb, p_from_start boolean
) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    INSERT INTO feed_consumers (consumer, kind, show_ids, personal, config, born_at)
    VALUES (p_consumer, p_kind, p_show_ids, p_personal, p_config, engine_now())
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN EXISTS (
            SELECT FROM feed_consumers
            WHERE consumer = p_consumer AND kind = p_kind AND show_ids IS NOT DISTINCT FROM p_show_ids
              AND personal = p_personal AND config = p_config
        );
    END IF;
    IF NOT p_from_start THEN
        PERFORM skip_to_end(p_consumer, NULL);
    END IF;
    RETURN true;
END $$;
