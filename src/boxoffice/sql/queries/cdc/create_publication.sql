-- Publishes new events to readers of the log (docs/cdc.md): inserts alone, so that neither the archive's
-- deletions nor an erasure appear, and no column that leads to a person's address or words.
CREATE PUBLICATION boxoffice_events
    FOR TABLE show_events (show_id, seq, kind, booking_id, user_id, places, actor, at, details, link)
    WITH (publish = 'insert')
