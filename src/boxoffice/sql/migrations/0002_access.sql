-- Who calls and how much they may have, holds that can be extended, and an audit trail that shows tampering.

ALTER TABLE users ADD COLUMN erased_at timestamptz;
-- Asked after every sale (book_seats), so it must be small: it has the erased users only.
CREATE INDEX users_erased ON users (user_id) WHERE erased_at IS NOT NULL;
-- Letters count as equal in ASCII alone: by all of Unicode, some that look different are one (the Kelvin sign and
-- k), and who has the one address would get the profile of the other. Who is erased keeps no address from anybody.
DROP INDEX users_email_key;
CREATE UNIQUE INDEX users_email_key ON users (lower(email COLLATE "C")) WHERE erased_at IS NULL;

-- How a person logs in: one login of an issuer for a user, one user for a login.
CREATE TABLE logins (
    issuer      text NOT NULL CONSTRAINT login_issuer_length CHECK (char_length(issuer) BETWEEN 1 AND 255),
    subject     text NOT NULL CONSTRAINT login_subject_length CHECK (char_length(subject) BETWEEN 1 AND 255),
    user_id     bigint NOT NULL REFERENCES users,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (issuer, subject),
    CONSTRAINT login_once_an_issuer UNIQUE (user_id, issuer)
);

-- Keys of servers. The secret itself is nowhere.
CREATE TABLE api_keys (
    key_id      text PRIMARY KEY,
    name        text NOT NULL CONSTRAINT key_name_length CHECK (char_length(name) BETWEEN 1 AND 255),
    role        text NOT NULL CONSTRAINT key_role CHECK (role IN ('customer', 'service', 'operator', 'admin')),
    show_ids    bigint[] CONSTRAINT key_shows CHECK (show_ids <> '{}'),
    secret_hash bytea NOT NULL CONSTRAINT api_keys_secret_hash_key UNIQUE
                CONSTRAINT key_hash_length CHECK (octet_length(secret_hash) = 32),
    created_at  timestamptz NOT NULL,
    lasts       interval,               -- as it was made; one that was replaced ends sooner (expires_at)
    expires_at  timestamptz,
    revoked_at  timestamptz
);

-- The lock of a user whose holds are counted over all shows. It is taken by changing the row: under
-- SERIALIZABLE whoever waited for a lock that changed nothing would count by a snapshot from before.
CREATE TABLE caller_locks (
    user_id     bigint PRIMARY KEY,
    show_ids    bigint[] NOT NULL       -- where the user may have holds; some may be over
) WITH (fillfactor = 50);

-- What a user has in a show, and had a short while ago; only what counts against the user's caps: bookings that
-- were made with caps, and those that retook a hold. What the house books for somebody pays for no index.
ALTER TABLE bookings ADD COLUMN capped boolean NOT NULL DEFAULT false;
CREATE INDEX capped_bookings ON bookings (show_id, user_id, status, created_at) WHERE capped;

-- Erasing and exporting a person: what the person caused, and the answers with the person's name.
CREATE INDEX events_by_user ON show_events (actor) WHERE actor LIKE 'user:%';
CREATE INDEX idempotency_keys_of_user ON idempotency_keys (actor) WHERE actor LIKE 'user:%';
CREATE INDEX idempotency_keys_about_user ON idempotency_keys ((outcome -> 'details' -> 'user' ->> 'id'))
    WHERE show_id = 0;

ALTER TABLE show_events DROP CONSTRAINT event_kind, ADD CONSTRAINT event_kind CHECK (kind IN (
    'show_created', 'show_updated', 'show_deleted', 'held', 'extended', 'booked', 'confirmed',
    'failed', 'expired', 'cancelled', 'blocked', 'unblocked'));

-- Each event is linked to the one before it: link = sha256(link before || content). Where a request came
-- from, and the reasons that people give, are no part of the content: a person can be erased.
ALTER TABLE show_events ADD COLUMN origin text, ADD COLUMN link bytea;
ALTER TABLE show_inventory ADD COLUMN last_link bytea;

CREATE FUNCTION pg_temp.links() RETURNS TABLE (show_id bigint, seq bigint, link bytea)
LANGUAGE plpgsql AS $$
DECLARE
    e record;
BEGIN
    FOR e IN
        SELECT s.show_id, s.seq, convert_to(json_build_array(
            s.show_id, s.seq, s.kind, s.booking_id, s.user_id, s.seats, s.actor, s.at AT TIME ZONE 'UTC',
            COALESCE(s.details - 'reason', '{}')
        )::text, 'UTF8') AS content
        FROM show_events AS s
        ORDER BY s.show_id, s.seq
    LOOP
        link := sha256(CASE WHEN show_id = e.show_id THEN link ELSE '' END || e.content);
        show_id := e.show_id;
        seq := e.seq;
        RETURN NEXT;
    END LOOP;
END $$;
UPDATE show_events AS e SET link = l.link
FROM pg_temp.links() AS l
WHERE e.show_id = l.show_id AND e.seq = l.seq;
UPDATE show_inventory AS i SET last_link = e.link
FROM show_events AS e
WHERE e.show_id = i.show_id AND e.seq = i.last_seq;
DROP FUNCTION pg_temp.links;
ALTER TABLE show_events ALTER COLUMN link SET NOT NULL;

ALTER TYPE show_command ADD ATTRIBUTE origin text;
ALTER TYPE booking_end ADD ATTRIBUTE origin text;
