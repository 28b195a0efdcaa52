-- forget_marks(before): deletes the marks of transactions before that one, and notes from where on they are
-- complete. Without the note (the first time, or after a crash of the server) that is the oldest transaction
-- that still runs.
-- Locks: the row of feed_horizon; the marks.
CREATE OR REPLACE FUNCTION forget_marks(p_before xid8) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    INSERT INTO feed_horizon AS h (since) VALUES (pg_snapshot_xmin(pg_current_snapshot()))
    ON CONFLICT (is_only) DO UPDATE SET since = greatest(h.since, p_before);
    DELETE FROM feed_marks WHERE xid < p_before;
END $$;
