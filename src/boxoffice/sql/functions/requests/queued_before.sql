-- queued_before(show, position, most): how many requests of the show wait before this position (NULL: all of
-- them), counted up to `most`. Locks: none.
CREATE OR REPLACE FUNCTION queued_before(p_show_id bigint, p_position bigint, p_most integer) RETURNS integer
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT count(*) FROM (
        SELECT FROM booking_requests
        WHERE show_id = p_show_id AND state = 'queued' AND (p_position IS NULL OR position < p_position)
        LIMIT p_most
    ) AS q);
END $$;
