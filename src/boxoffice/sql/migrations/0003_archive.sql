-- The archive: bookings, owners and events of shows that are over long since, out of the way of those on sale; and
-- indexes by which what is kept for a time is cleared away.

-- From then on nothing of the show changes any more, and its rows go to the archive. The row itself, its map and its
-- counters stay where they are: there are few of them, and they are the show's lock.
ALTER TABLE show_inventory ADD COLUMN archived_at timestamptz
    CONSTRAINT archived_show_holds_nothing CHECK (archived_at IS NULL OR held_seats = 0);

-- The old kinds were checked already; NOT VALID spares the look at every event that ever was, with the table locked.
ALTER TABLE show_events DROP CONSTRAINT event_kind, ADD CONSTRAINT event_kind CHECK (kind IN (
    'show_created', 'show_updated', 'show_deleted', 'show_archived', 'held', 'extended', 'booked', 'confirmed',
    'failed', 'expired', 'cancelled', 'blocked', 'unblocked')) NOT VALID;

-- The same columns in the same order as bookings, booking_seats and show_events have them: rows are moved as they are.
-- A migration that changes the one table changes the other, and the view below. Foreign keys were checked where the
-- rows come from; only a person who is erased changes them.
CREATE TABLE archived_bookings (LIKE bookings INCLUDING DEFAULTS INCLUDING CONSTRAINTS, PRIMARY KEY (show_id, booking_id));
CREATE INDEX archived_bookings_of_user ON archived_bookings (user_id, created_at DESC, booking_id DESC);
CREATE TABLE archived_seats (LIKE booking_seats INCLUDING DEFAULTS INCLUDING CONSTRAINTS, PRIMARY KEY (show_id, seat_number));
CREATE TABLE archived_events (LIKE show_events INCLUDING DEFAULTS INCLUDING CONSTRAINTS, PRIMARY KEY (show_id, seq));
CREATE INDEX archived_events_by_user ON archived_events (actor) WHERE actor LIKE 'user:%';

-- What reads and checks look at: each row is in one of the two, in every snapshot. What decides about a sale looks at
-- the first alone.
CREATE VIEW all_bookings AS SELECT * FROM bookings UNION ALL SELECT * FROM archived_bookings;
CREATE VIEW all_seats AS SELECT * FROM booking_seats UNION ALL SELECT * FROM archived_seats;
CREATE VIEW all_events AS SELECT * FROM show_events UNION ALL SELECT * FROM archived_events;

-- Answers are kept for a published time. Those of one batch have one time: the index grows at its end, by little.
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
CREATE INDEX own_keys_by_age ON idempotency_keys (created_at) WHERE show_id = 0 AND key LIKE 'once-%';
