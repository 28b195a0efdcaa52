"""``verify`` finds nothing in a sound database, and each of its checks finds what it is there for."""

from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from boxoffice.database.verify import CHAIN, SCHEMA, VIOLATIONS_KEPT_MAX, examine, verify
from boxoffice.sql import scripts
from tests.support.engine.box import Box, done
from tests.support.engine.databases import Connection

CHECKS = [SCHEMA, CHAIN, *(name.replace("_", " ") for name in scripts("checks"))]
"""The names of all checks."""

ERASED = """
    UPDATE users SET name = 'erased', email = format('erased-%s@erased.invalid', user_id),
                     erased_at = now() + interval '1 h';
"""


def erased(then: str) -> str:
    """Whoever is in the scene was erased, and then this is done."""
    return ERASED + then


# What is written with plain SQL, and the checks that see it. The scene: see ``scene``.
CORRUPTIONS = [
    (
        {"letters are inside their cursor"},
        """
        INSERT INTO feed_consumers (consumer, kind, born_at) VALUES ('webhook:1', 'webhook', now());
        INSERT INTO webhook_endpoints (endpoint_id, creation_key, name, url, mode, ordering, created_at)
        VALUES (1, 'a', 'Shop', 'https://shop.example/', 'events', 'show', now());
        INSERT INTO webhook_letters VALUES (1, 1, 1, 'lane', 3, 4, 'x', 6, NULL, '500', now())
        """,
    ),
    (
        {"requests are as told"},
        """
        INSERT INTO booking_requests (
            show_id, ticket_id, actor, fingerprint, asked_at, answer_by, state, answered_at, status, answer,
            booking_id
        ) VALUES (1, '00000000-0000-7000-8000-000000000001', 'me', 'x', now(), now() + interval '1 s', 'done',
                  now(), 201, '{}', 7)
        """,
    ),
    (
        {"cursors are in the history"},
        """
        INSERT INTO feed_consumers VALUES ('shop', 'pull', 'active', NULL, false, '{}', now());
        INSERT INTO feed_cursors VALUES (1, 'shop', 1, 'other')
        """,
    ),
    (
        {"cursors are in the history"},  # of a consumer that is not there
        "INSERT INTO feed_cursors SELECT 1, 'gone', seq, link FROM show_events WHERE show_id = 1 AND seq = 1",
    ),
    (
        {"counters add up"},
        "UPDATE show_inventory SET free_places = free_places - 1, sold_places = sold_places + 1",
    ),
    (
        {"bookings own their seats", "bookings keep their places"},
        "UPDATE bookings SET places = '{1}' WHERE places = '{1,2}'",
    ),
    (
        {"bookings own their seats", "bookings keep their places"},
        "UPDATE bookings SET places = '{4,5,6}' WHERE status = 'CONFIRMED'",
    ),
    (
        {"bookings keep their places"},  # what a booking had that ended, no owner tells
        "UPDATE bookings SET places = '{4,5}' WHERE status = 'CANCELLED'",
    ),
    ({"bookings end once"}, "UPDATE bookings SET status = 'FAILED' WHERE status = 'CANCELLED'"),
    (
        {"bookings end once"},  # cancelled twice
        """
        SELECT append_events(1, ARRAY(
            SELECT ROW(kind, booking_id, user_id, places, actor, at, NULL, details, NULL, NULL)::new_event
            FROM show_events WHERE kind = 'cancelled'
        ))
        """,
    ),
    (
        {"bookings end once", "bookings keep their places"},  # returned after the end
        """
        SELECT append_events(1, ARRAY(
            SELECT ROW('returned', booking_id, user_id, places, actor, at, NULL, NULL, NULL, NULL)::new_event
            FROM show_events WHERE kind = 'cancelled'
        ))
        """,
    ),
    (
        {"bookings end once"},  # a hold is extended after the sale, with a return between
        """
        SELECT append_events(1, ARRAY(
            SELECT ROW(k.kind, booking_id, user_id, '{}', actor, at, NULL, details, NULL, NULL)::new_event
            FROM show_events, unnest('{returned,extended,confirmed}'::text[]) AS k (kind)
            WHERE show_events.kind = 'booked'
        ))
        """,
    ),
    (
        {"events have a kind"},
        """
        SELECT append_events(1, ARRAY[
            ROW('lost', NULL, NULL, '{}', 'me', now(), NULL, NULL, NULL, NULL)::new_event
        ])
        """,
    ),
    (
        {"bookings end once"},  # without an event
        """
        INSERT INTO bookings
        SELECT show_id, (1 << 24) + 5, user_id, status, places, expires_at, NULL, NULL, created_at, updated_at
        FROM bookings WHERE status = 'CANCELLED';
        UPDATE show_inventory SET last_booking_number = 5 WHERE show_id = 1
        """,
    ),
    (
        {"bookings are as told"},  # a sale has another owner
        """
        INSERT INTO users (user_id, name, email, created_at, updated_at)
        VALUES (99, 'Jane', 'jane@example.com', now(), now());
        UPDATE bookings SET user_id = 99 WHERE status = 'CONFIRMED'
        """,
    ),
    ({"bookings are as told"}, "UPDATE bookings SET created_at = created_at - interval '1 microsecond'"),
    (
        {"bookings are as told"},
        "UPDATE bookings SET expires_at = expires_at + interval '1 h' WHERE status = 'PENDING'",
    ),
    (  # times from which a pause is counted
        {"bookings are as told"},
        "UPDATE bookings SET updated_at = updated_at - interval '1 h' WHERE status = 'CANCELLED'",
    ),
    (
        {"bookings are as told"},
        "UPDATE bookings SET expires_at = now() WHERE status = 'CANCELLED'",
    ),
    (
        {"bookings are as told"},  # as if the sale were another's late confirm
        """
        UPDATE bookings SET retaken_from = (SELECT booking_id FROM bookings WHERE status = 'CANCELLED')
        WHERE status = 'CONFIRMED'
        """,
    ),
    (
        {"events have no gap", CHAIN, "shows are as told"},
        "DELETE FROM show_events WHERE show_id = 1 AND kind = 'show_created'",
    ),
    ({"events have no gap"}, "UPDATE show_inventory SET last_seq = last_seq + 1"),
    (
        {"events replay", CHAIN, "bookings keep their places"},
        "UPDATE show_events SET places = '{7}' WHERE kind = 'booked'",
    ),
    (
        {"events replay", CHAIN},
        "UPDATE show_events SET places = '{9}' WHERE kind = 'blocked'",
    ),
    ({"helpers hide nothing"}, "UPDATE show_inventory SET run_hints[1] = 11 WHERE show_id = 1"),
    ({"helpers hide nothing"}, "UPDATE show_inventory SET next_expiry_at = NULL"),
    ({"helpers hide nothing"}, "UPDATE show_inventory SET next_expiry_at = next_expiry_at + interval '1 h'"),
    ({"helpers hide nothing"}, "UPDATE show_inventory SET last_booking_number = 1 WHERE show_id = 1"),
    (
        {"map shows the owners"},
        "UPDATE map_chunks SET taken = set_bit(set_bit(taken, 9, 0), 8, 1) WHERE show_id = 1",
    ),
    (
        {"seats are in the show"},  # a hole of one seat in the map of the large show
        """
        UPDATE map_chunks SET taken = repeat('0', 4095)::varbit, free_places = 4095
        WHERE length(taken) = 4096;
        UPDATE map_chunks SET taken = B'00', free_places = 2 WHERE length(taken) = 1
        """,
    ),
    (
        {"archive is closed"},  # of a show that is still on sale
        """
        WITH moved AS (DELETE FROM bookings WHERE status = 'CANCELLED' RETURNING *)
        INSERT INTO archived_bookings SELECT * FROM moved
        """,
    ),
    ({"erased persons left nothing"}, "UPDATE users SET erased_at = now() + interval '1 h'"),
    (
        {"erased persons left nothing"},
        erased("UPDATE show_events SET origin = '192.0.2.1' WHERE kind = 'held'"),
    ),
    (
        {"erased persons left nothing", CHAIN},
        erased("UPDATE show_events SET origin = '192.0.2.1', actor = 'user:1' WHERE kind = 'blocked'"),
    ),
    ({"erased persons left nothing"}, erased("UPDATE bookings SET reference = 'order 7'")),
    (
        {"erased persons left nothing"},
        erased("INSERT INTO idempotency_keys VALUES (1, 'shop', sha256('k'), '', '{}', now(), 1)"),
    ),
    ({"shows are as told"}, "UPDATE shows SET name = 'Another' WHERE show_id = 1"),
    ({"shows are as told"}, "UPDATE shows SET start_time = start_time + interval '1 h' WHERE show_id = 1"),
    ({"shows are as told"}, "UPDATE shows SET updated_at = now() WHERE show_id = 1"),
    ({"shows are as told"}, "UPDATE show_inventory SET deleted_at = now() WHERE show_id = 2"),
    ({"shows are as told"}, "UPDATE show_inventory SET archived_at = now() WHERE show_id = 2"),
    (
        {"shows are as told"},  # ten seats too many, with their places on the map
        """
        SELECT resize_map(2, 4107);
        UPDATE show_inventory SET total_places = 4107, free_places = 4107 WHERE show_id = 2
        """,
    ),
    ({"shows are as told"}, "INSERT INTO shows VALUES (99, 'X', 'show', now(), now(), now())"),
    (
        {
            SCHEMA,
            CHAIN,
            "shows are as told",
        },  # a function that says of a forged event what its link was made of
        """
        UPDATE show_events SET details = details || '{"name": "Forged"}' WHERE kind = 'show_created';
        CREATE OR REPLACE FUNCTION event_content(
            p_show_id bigint, p_seq bigint, p_kind text, p_booking_id bigint, p_user_id bigint,
            p_places integer[], p_actor text, p_at timestamptz, p_details jsonb
        ) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE
        RETURN convert_to(json_build_array(
            p_show_id, p_seq, p_kind, p_booking_id, p_user_id, p_places, p_actor, p_at AT TIME ZONE 'UTC',
            COALESCE(p_details, '{}')
                || CASE WHEN p_details ? 'name' THEN '{"name": "Movie"}' ELSE '{}' END::jsonb
        )::text, 'UTF8')
        """,
    ),
    (
        {CHAIN, "events have no gap", "events replay"},  # the end of a chain is cut off
        "DELETE FROM show_events WHERE kind = 'blocked'",
    ),
    # These two no check sees alone, and a constraint must be gone first.
    (
        {SCHEMA, "one owner", "counters add up", "events replay", CHAIN},  # a seat is sold twice
        """
        ALTER TABLE booking_seats DROP CONSTRAINT booking_seats_pkey;
        UPDATE bookings SET places = '{1,2,3}' WHERE places = '{1,2}';
        UPDATE show_events SET places = '{1,2,3}' WHERE places = '{1,2}';
        INSERT INTO booking_seats VALUES (1, 3, (1 << 24) + 1)
        """,
    ),
    (
        {
            SCHEMA,
            "seats are in the show",
            "counters add up",
            "shows are as told",
        },  # the blocked seat is not in the show
        """
        ALTER TABLE show_inventory DROP CONSTRAINT inventory_adds_up;
        UPDATE show_inventory SET total_places = 9 WHERE show_id = 1
        """,
    ),
]


@pytest.fixture
async def scene(box: Box) -> None:
    """Show 1: seats 1 and 2 sold, 3 held, 4 to 6 cancelled, 10 blocked. Show 2: large and empty."""
    show = await box.show()
    await box.book(show, 2)
    await box.book(show, hold=60)
    await box.cancel((await box.book(show, 3)).id)
    done(await box.block(show, 10))
    await box.show(4097)


@pytest.mark.usefixtures("scene")
async def test_a_sound_database_has_no_violation_and_every_check_ran(database: str) -> None:
    report = await verify(database)
    assert [result.violation_count for result in report.results] == [0] * len(report.results)
    assert report.holds
    assert [result.name for result in report.results] == CHECKS
    assert all(result.meaning.startswith("I") and result.seconds >= 0 for result in report.results)
    looked_at = report.looked_at
    assert (looked_at.shows, looked_at.events, looked_at.bookings) == (2, 7, 3)
    assert (looked_at.functions, looked_at.anchors) == (len(scripts("functions")), 0)
    assert looked_at.constraints > 50


@pytest.mark.usefixtures("scene")
async def test_every_check_finds_what_it_is_there_for(connection: Connection) -> None:
    for checks, corruption in CORRUPTIONS:
        assert await _found(connection, corruption) == checks, corruption
    assert set().union(*(checks for checks, _ in CORRUPTIONS)) == set(CHECKS)


BREAKS = [
    "DROP TABLE booking_seats CASCADE",
    "DROP TABLE show_events CASCADE",
    "DROP VIEW all_bookings CASCADE",
    "ALTER TABLE idempotency_keys DROP COLUMN about_user_id",
    "ALTER VIEW all_seats RENAME place TO seat",
    "DROP TABLE event_kinds",
    (
        "CREATE FUNCTION pg_temp.f(bigint) RETURNS text LANGUAGE sql RETURN ''; "
        "CREATE CAST (bigint AS text) WITH FUNCTION pg_temp.f(bigint) AS IMPLICIT"
    ),
]


@pytest.mark.usefixtures("scene")
@pytest.mark.parametrize("broken", BREAKS)
async def test_what_keeps_a_check_from_being_made_is_told_and_all_others_are_made(
    connection: Connection, broken: str
) -> None:
    async with connection.transaction():
        await connection.execute(broken)
        report = await examine(connection)
    assert [result.name for result in report.results] == CHECKS
    assert report.results[0].violation_count > 0
    told = [violation.text for result in report.results[1:] for violation in result.violations]
    assert any(text.startswith("cannot be checked: ") for text in told)


async def test_violations_beyond_the_first_are_counted(connection: Connection, box: Box) -> None:
    count = VIOLATIONS_KEPT_MAX + 3
    for _ in range(count):
        await box.show(1)
    await connection.execute("UPDATE show_inventory SET last_seq = 7")
    [result] = [result for result in (await verify(box.dsn)).results if result.violation_count]
    assert (len(result.violations), result.violation_count) == (VIOLATIONS_KEPT_MAX, count)
    assert result.violations[0].text == "1 events from 1 to 1, sequence 7"


async def _found(connection: Connection, corruption: str) -> set[str]:
    """The checks that see the corruption, which is undone afterwards."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(corruption)
        return {result.name for result in (await examine(connection)).results if result.violation_count}
    finally:
        await transaction.rollback()


async def test_a_history_that_was_changed_whole_does_not_fill_the_memory(
    connection: Connection, box: Box
) -> None:
    for _ in range(VIOLATIONS_KEPT_MAX + 3):
        await box.show(1)
    await connection.execute("UPDATE show_events SET actor = 'nobody'")
    [chain] = [result for result in (await verify(box.dsn)).results if result.violation_count]
    assert (chain.name, len(chain.violations)) == (CHAIN, VIOLATIONS_KEPT_MAX)
    assert chain.violation_count == VIOLATIONS_KEPT_MAX + 3


@pytest.mark.usefixtures("scene")
async def test_the_right_to_read_is_enough(database: str, connection: Connection) -> None:
    reader = f"reader_{uuid4().hex}"
    for line in (
        f"CREATE ROLE {reader} LOGIN",
        f"GRANT USAGE ON SCHEMA public TO {reader}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {reader}",
        f"REVOKE TEMPORARY ON DATABASE {urlsplit(database).path[1:]} FROM PUBLIC",
    ):
        await connection.execute(line)
    try:
        assert (await verify(database.replace("postgres@", f"{reader}@"))).holds
    finally:
        await connection.execute(f"DROP OWNED BY {reader}; DROP ROLE {reader}")


@pytest.mark.usefixtures("scene")
async def test_a_schema_of_another_name_is_found_by_the_search_path(
    database: str, connection: Connection
) -> None:
    name = urlsplit(database).path[1:]
    await connection.execute(
        f"ALTER SCHEMA public RENAME TO \"Box office\"; ALTER DATABASE {name} SET search_path = 'Box office'"
    )
    assert (await verify(database)).holds


@pytest.mark.usefixtures("scene")
async def test_a_newer_database_is_left_to_its_own_version(database: str, connection: Connection) -> None:
    await connection.execute("UPDATE schema_migrations SET applied_by = '99.0' WHERE name = 'functions'")
    [told] = [result for result in (await verify(database)).results if result.violation_count]
    assert told.violations[0].text == "the database is version 99.0's: let that version verify it"
