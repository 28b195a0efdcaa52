-- erase_traces(user, shows): removes the reasons, the references, the metadata and the origins from a
-- person's bookings and events in these shows, and the origins from events that the person caused in other
-- users' bookings. The archive comes last: rows only move into the archive, so a row that is moved
-- meanwhile is found there.
-- Locks: the caller holds the inventory rows of these shows; then the bookings and the events.
CREATE OR REPLACE FUNCTION erase_traces(p_user_id bigint, p_show_ids bigint[]) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    UPDATE bookings SET reason = NULL, reference = NULL, metadata = NULL
    WHERE user_id = p_user_id AND (reason IS NOT NULL OR reference IS NOT NULL OR metadata IS NOT NULL);
    UPDATE show_events SET origin = NULL, details = NULLIF(details - 'reason', '{}')
    WHERE show_id = ANY (p_show_ids) AND user_id = p_user_id AND (origin IS NOT NULL OR details ? 'reason');
    UPDATE show_events SET origin = NULL
    WHERE actor LIKE 'user:%' AND actor = 'user:' || p_user_id AND origin IS NOT NULL;

    UPDATE archived_bookings SET reason = NULL, reference = NULL, metadata = NULL
    WHERE user_id = p_user_id AND (reason IS NOT NULL OR reference IS NOT NULL OR metadata IS NOT NULL);
    UPDATE archived_events SET origin = NULL, details = NULLIF(details - 'reason', '{}')
    WHERE show_id = ANY (p_show_ids) AND user_id = p_user_id AND (origin IS NOT NULL OR details ? 'reason');
    UPDATE archived_events SET origin = NULL
    WHERE actor LIKE 'user:%' AND actor = 'user:' || p_user_id AND origin IS NOT NULL;
END $$;
