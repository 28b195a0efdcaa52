"""A show with a long history, made by a few statements; and how many pages a command reads in it."""

from datetime import datetime
from typing import Any, Final

import msgspec

from boxoffice.engine.encoding import encoded, encoded_batch
from boxoffice.vocabulary.commands import Command, ShowCommand
from tests.support.engine.databases import Connection

BUSY: Final = 10_002
"""The user of every second booking of the history."""

ONCE: Final = 10_003
"""The user of the first booking of the history, and of no other."""

_USERS: Final = """
    INSERT INTO users (user_id, name, email, created_at, updated_at)
    SELECT n, 'User ' || n, n || '@example.com', now(), now() FROM generate_series(10002, 11001) AS n
"""
# Each booking was held and cancelled, so that none of its places is owned: two events, and two kept answers.
_BOOKINGS: Final = """
    INSERT INTO bookings
        (show_id, booking_id, user_id, status, places, expires_at, reason, created_at, updated_at, capped)
    SELECT $1::bigint, $1::bigint << 24 | n,
           CASE WHEN n = 1 THEN 10003 WHEN n % 2 = 0 THEN 10002 ELSE 10004 + n % 998 END, 'CANCELLED',
           ARRAY[1 + n % 1000], t.at + interval '600 s', CASE WHEN n % 4 < 2 THEN 'ill' END, t.at, t.at, true
    FROM generate_series(1, $2::bigint) AS n
    CROSS JOIN LATERAL (SELECT $3::timestamptz + n * interval '1 ms' AS at) AS t
"""
_CHAIN: Final = """
    CREATE FUNCTION next_link(link bytea, first bytea, content bytea) RETURNS bytea LANGUAGE sql IMMUTABLE
    RETURN sha256(COALESCE(link, first) || content);
    CREATE AGGREGATE chain(bytea, bytea) (SFUNC = next_link, STYPE = bytea);
"""
_EVENTS: Final = """
    INSERT INTO show_events
        (show_id, seq, kind, booking_id, user_id, places, actor, at, command_no, details, origin, reason,
         link)
    SELECT e.show_id, e.seq, e.kind, e.booking_id, e.user_id, e.places, e.actor, e.created_at, 0, e.details,
           '192.0.2.1', e.reason, chain(i.last_link, event_content(
               e.show_id, e.seq, e.kind, e.booking_id, e.user_id, e.places, e.actor, e.created_at, e.details
           )) OVER (ORDER BY e.seq)
    FROM (
        SELECT b.show_id, b.booking_id, b.user_id, b.places, b.created_at, 'user:' || b.user_id AS actor,
               k.kind, 2 * (b.booking_id & 16777215) + CASE k.kind WHEN 'held' THEN 0 ELSE 1 END AS seq,
               CASE WHEN k.kind = 'held' THEN jsonb_build_object('expires_at', b.expires_at) END AS details,
               CASE WHEN k.kind = 'cancelled' THEN b.reason END AS reason
        FROM bookings AS b CROSS JOIN (VALUES ('held'), ('cancelled')) AS k (kind)
        WHERE b.show_id = $1
    ) AS e JOIN show_inventory AS i USING (show_id)
"""
_BATCHES: Final = """
    INSERT INTO show_batches (show_id, batch_id, first_seq, last_seq, created_at)
    SELECT show_id, gen_random_uuid(), seq, seq, at FROM show_events WHERE show_id = $1 AND seq % 10 = 1
"""
_KEPT_ANSWERS: Final = """
    INSERT INTO idempotency_keys (show_id, actor, key_hash, fingerprint, outcome, created_at, about_user_id)
    SELECT e.show_id, e.actor, sha256(convert_to('key ' || e.seq, 'UTF8')), '', jsonb_build_object(
               'command_no', 0, 'code', 'done', 'replayed', false, 'booking', to_jsonb(b)
           ), e.at, CASE WHEN e.reason IS NOT NULL THEN e.user_id END
    FROM show_events AS e JOIN bookings AS b USING (show_id, booking_id) WHERE show_id = $1
"""
_COUNTERS: Final = """
    UPDATE show_inventory AS i SET last_booking_number = $2, last_seq = e.seq, last_link = e.link
    FROM (SELECT show_id, seq, link FROM show_events WHERE show_id = $1 ORDER BY seq DESC LIMIT 1) AS e
    WHERE i.show_id = e.show_id
"""


async def write_users(connection: Connection) -> None:
    """Write 1,000 users. The users that others register have lower ids."""
    await connection.execute(_USERS)


async def write_history(connection: Connection, show_id: int, events: int, begin: datetime) -> None:
    """Give a new show so many events from the time ``begin`` on, and as many kept answers, of the users that
    ``write_users`` wrote.
    """
    await connection.execute(_BOOKINGS, show_id, events // 2, begin)
    await connection.execute(_CHAIN)
    await connection.execute(_EVENTS, show_id)
    await connection.execute(_BATCHES, show_id)
    await connection.execute(_KEPT_ANSWERS, show_id)
    await connection.execute(_COUNTERS, show_id, events // 2)


async def pages_of(connection: Connection, command: Command[Any]) -> int:
    """Run a command in the open transaction; returns how many pages of tables and indexes it reads."""
    if isinstance(command, ShowCommand):
        statement, told = "SELECT run_batch(gen_random_uuid(), $1::jsonb, false)", encoded_batch([command])
    else:
        statement, told = "SELECT run_desk_command($1::jsonb)", encoded(command)
    return await pages_of_statement(connection, statement, told)


async def pages_of_statement(connection: Connection, statement: str, *args: object) -> int:
    """Run a statement; returns how many pages of tables and indexes it reads."""
    text = await connection.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", *args)
    [told] = msgspec.json.decode(text)
    pages: int = told["Plan"]["Shared Hit Blocks"] + told["Plan"]["Shared Read Blocks"]
    return pages
