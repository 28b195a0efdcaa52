"""``verify`` finds nothing in a sound database, and each of its checks finds what it is there for."""

import pytest

from boxoffice.database.verify import VIOLATIONS_KEPT_MAX, _check, verify
from boxoffice.sql import scripts
from tests.support.engine.box import Box, done
from tests.support.engine.databases import Connection

# What is written with plain SQL, and the checks that see it. The scene: see ``scene``.
CORRUPTIONS = [
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
            SELECT ROW(kind, booking_id, user_id, places, actor, at, NULL, details, NULL)::new_event
            FROM show_events WHERE kind = 'cancelled'
        ))
        """,
    ),
    (
        {"bookings end once", "bookings keep their places"},  # returned after the end
        """
        SELECT append_events(1, ARRAY(
            SELECT ROW('returned', booking_id, user_id, places, actor, at, NULL, details, NULL)::new_event
            FROM show_events WHERE kind = 'cancelled'
        ))
        """,
    ),
    (
        {"bookings end once"},  # a hold is extended after the sale, with a return between
        """
        SELECT append_events(1, ARRAY(
            SELECT ROW(k.kind, booking_id, user_id, '{}', actor, at, NULL, details, NULL)::new_event
            FROM show_events, unnest('{returned,extended,confirmed}'::text[]) AS k (kind)
            WHERE show_events.kind = 'booked'
        ))
        """,
    ),
    (
        {"events have a kind"},
        """
        SELECT append_events(1, ARRAY[
            ROW('lost', NULL, NULL, '{}', 'me', now(), NULL, NULL, NULL)::new_event
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
        INSERT INTO users VALUES (99, 'Jane', 'jane@example.com', now(), now());
        UPDATE bookings SET user_id = 99 WHERE status = 'CONFIRMED'
        """,
    ),
    ({"bookings are as told"}, "UPDATE bookings SET created_at = created_at - interval '1 microsecond'"),
    (
        {"bookings are as told"},
        "UPDATE bookings SET expires_at = expires_at + interval '1 h' WHERE status = 'PENDING'",
    ),
    (
        {"events have no gap", "events are chained"},
        "DELETE FROM show_events WHERE show_id = 1 AND kind = 'show_created'",
    ),
    ({"events have no gap"}, "UPDATE show_inventory SET last_seq = last_seq + 1"),
    (
        {"events replay", "events are chained", "bookings keep their places"},
        "UPDATE show_events SET places = '{7}' WHERE kind = 'booked'",
    ),
    (
        {"events replay", "events are chained"},
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
    # These two no check sees alone, and a constraint must be gone first.
    (
        {"one owner", "counters add up", "events replay", "events are chained"},  # a seat is sold twice
        """
        ALTER TABLE booking_seats DROP CONSTRAINT booking_seats_pkey;
        UPDATE bookings SET places = '{1,2,3}' WHERE places = '{1,2}';
        UPDATE show_events SET places = '{1,2,3}' WHERE places = '{1,2}';
        INSERT INTO booking_seats VALUES (1, 3, (1 << 24) + 1)
        """,
    ),
    (
        {"seats are in the show", "counters add up"},  # the blocked seat is not in the show
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
    results = await verify(database)
    assert [result.violation_count for result in results] == [0] * len(results)
    assert [result.name for result in results] == [name.replace("_", " ") for name in scripts("checks")]
    assert all(result.meaning.startswith("I") and result.seconds >= 0 for result in results)


@pytest.mark.usefixtures("scene")
async def test_every_check_finds_what_it_is_there_for(connection: Connection) -> None:
    for checks, corruption in CORRUPTIONS:
        assert await _found(connection, corruption) == checks, corruption
    every = {name.replace("_", " ") for name in scripts("checks")}
    assert set().union(*(checks for checks, _ in CORRUPTIONS)) == every


async def test_violations_beyond_the_first_are_counted(connection: Connection, box: Box) -> None:
    count = VIOLATIONS_KEPT_MAX + 3
    for _ in range(count):
        await box.show(1)
    await connection.execute("UPDATE show_inventory SET last_seq = 7")
    [result] = [result for result in await verify(box.dsn) if result.violation_count]
    assert (len(result.violations), result.violation_count) == (VIOLATIONS_KEPT_MAX, count)
    assert result.violations[0].text == "1 events from 1 to 1, sequence 7"


async def _found(connection: Connection, corruption: str) -> set[str]:
    """The checks that see the corruption, which is undone afterwards."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(corruption)
        results = [await _check(connection, name, text) for name, text in scripts("checks").items()]
        return {result.name for result in results if result.violation_count}
    finally:
        await transaction.rollback()
