"""What readers of PostgreSQL's log get: new events alone, without a person's address or words."""

import re
from collections.abc import AsyncIterator
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

import pytest

from boxoffice.database import publication
from boxoffice.database.chain import content
from boxoffice.database.publication import COLUMNS, CannotPublish
from boxoffice.database.verify import verify
from boxoffice.doctor.examine import examine
from boxoffice.doctor.verdicts import Situation, Verdict
from boxoffice.sql import query
from boxoffice.vocabulary.commands import BlockSeats, BookSeats, CancelBooking, EraseUser, UnblockSeats
from tests.support.engine.archiving import AGE, archived
from tests.support.engine.box import Box, done, open_box
from tests.support.engine.clock import stopped_clock
from tests.support.engine.databases import Connection, connected, with_database
from tests.support.engine.pgoutput import SLOT, Told, make_slot, peek
from tests.support.settings import settings_for

ADDRESS, REASON = "192.0.2.77", "Miss Roe is ill"
ACTOR: Final = "key:shop"
STRANGER = """
    CREATE ROLE stranger LOGIN;
    GRANT USAGE ON SCHEMA public TO stranger;
"""
FILL_LOG = "SELECT pg_logical_emit_message(false, 'filler', repeat('x', 1000)), pg_switch_wal()"


async def verdicts(dsn: str) -> dict[str, Verdict]:
    """What the doctor finds, by check."""
    return {one.check: one.verdict for one in await examine(Situation(settings_for(dsn)), dsn)}


async def _act(box: Box, start: datetime) -> None:
    """Show 1 with addresses and reasons in its events, of the person 2, who is erased in the end."""
    show = await box.show(10, start=start)
    jane = await box.user()
    who: dict[str, Any] = {"actor": ACTOR, "origin": ADDRESS, "show_id": show}
    booked = done(await box.do(BookSeats(**who, user_id=jane, seat_count=2))).booking
    done(await box.do(CancelBooking(**who, booking_id=booked.id, reason=REASON)))
    done(await box.do(BlockSeats(**who, seat_numbers=(9, 10), reason=REASON)))
    done(await box.do(UnblockSeats(**who, seat_numbers=(9,), reason=REASON)))
    done(await box.do(EraseUser(actor="admin", user_id=jane)))


@pytest.fixture
async def reading(logical_database: str) -> AsyncIterator[Connection]:
    """A connection to a database with the publication and a slot."""
    await publication.set_up(logical_database)
    async with connected(logical_database) as connection:
        await make_slot(connection)
        yield connection


async def _all_that_happens(dsn: str, connection: Connection) -> Told:
    """What the slot tells of a show that is sold, erased from and archived."""
    clock = await stopped_clock(connection)
    now = clock.now
    await clock.set(now - 2 * AGE)
    async with open_box(dsn) as box:
        await _act(box, clock.now)
        await clock.set(now)
        await archived(dsn)
    assert await connection.fetchval("SELECT count(*) FROM show_events") == 0
    return await peek(connection)


async def test_a_reader_gets_the_inserts_of_events_and_nothing_else(
    logical_database: str, reading: Connection
) -> None:
    told = await _all_that_happens(logical_database, reading)

    assert told.kinds <= set("BCRYIO")  # begin, commit, table, type, insert, origin: no update, no deletion
    assert set(told.rows) == {"show_events"}
    events = await reading.fetch("SELECT seq, kind FROM archived_events ORDER BY seq")
    assert [(row["seq"], row["kind"]) for row in told.rows["show_events"]] == [
        (str(event["seq"]), event["kind"]) for event in events
    ]
    assert {tuple(row) for row in told.rows["show_events"]} == {COLUMNS}


async def test_a_reader_gets_no_address_and_no_reason(logical_database: str, reading: Connection) -> None:
    told = await _all_that_happens(logical_database, reading)

    for private in (ADDRESS, REASON, "reason", "origin"):
        assert private.encode() not in told.everything, private


async def test_what_is_published_proves_the_chain(logical_database: str, reading: Connection) -> None:
    await reading.execute("SET TimeZone = 'UTC'")
    link = b""
    for row in (await _all_that_happens(logical_database, reading)).rows["show_events"]:
        numbers = {name: int(row[name] or 0) or None for name in ("show_id", "seq", "booking_id", "user_id")}
        link = sha256(link + content({**row, **numbers})).digest()
        assert row["link"] == f"\\x{link.hex()}"
    assert link == await reading.fetchval("SELECT last_link FROM show_inventory")


async def test_a_database_with_the_publication_is_as_it_should_be(
    logical_database: str, reading: Connection
) -> None:
    assert (await verify(logical_database)).holds
    assert (await verdicts(logical_database))["publication"].level == "ok"
    assert await publication.set_up(logical_database) is False
    dropped, slots = await publication.drop(logical_database)
    assert (dropped, [slot.name for slot in slots]) == (True, [SLOT])
    assert (await publication.drop(logical_database))[0] is False
    assert await reading.fetchval("SELECT count(*) FROM pg_publication") == 0


@pytest.mark.parametrize(
    "wider",
    [
        "CREATE PUBLICATION boxoffice_events FOR TABLE show_events WITH (publish = 'insert')",
        "CREATE PUBLICATION boxoffice_events FOR ALL TABLES",
        query("create_publication").partition("WITH")[0],
    ],
    ids=["all columns", "all tables", "changes"],
)
async def test_a_publication_that_shows_more_is_an_error_and_is_not_taken(
    logical_database: str, wider: str
) -> None:
    async with connected(logical_database) as connection:
        await connection.execute(wider)

    with pytest.raises(CannotPublish, match="another publication"):
        await publication.set_up(logical_database)
    assert (await verdicts(logical_database))["publication"].level == "error"


async def test_a_server_whose_log_cannot_be_read_says_so(database: str) -> None:
    with pytest.raises(CannotPublish, match="set wal_level = logical, and restart"):
        await publication.set_up(database)
    assert (await verdicts(database))["publication"].level == "ok"


async def test_a_user_without_the_rights_is_told_which(logical_database: str) -> None:
    async with connected(logical_database) as connection:
        await connection.execute(STRANGER)
        name = await connection.fetchval("SELECT current_database()")
        as_stranger = with_database(logical_database, name).replace("postgres@", "stranger@")
        try:
            with pytest.raises(CannotPublish, match="GRANT CREATE ON DATABASE"):
                await publication.set_up(as_stranger)
            await connection.execute(f"GRANT CREATE ON DATABASE {name} TO stranger")
            with pytest.raises(CannotPublish, match="does not own the table show_events"):
                await publication.set_up(as_stranger)
        finally:
            await connection.execute("DROP OWNED BY stranger; DROP ROLE stranger")


async def test_an_old_release_is_told(logical_database: str) -> None:
    there, _ = await publication.status(logical_database)
    old = publication.Publication(
        **{name: getattr(there, name) for name in there.__struct_fields__} | {"version_num": 140_020}
    )

    assert there.obstacle is None
    assert old.obstacle is not None
    assert "PostgreSQL 14" in old.obstacle


async def test_a_slot_without_a_reader_is_told_with_its_bytes(
    logical_database: str, reading: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await reading.execute(FILL_LOG)
    [slot] = (await publication.status(logical_database))[1]
    early = (await verdicts(logical_database))["slots"]

    monkeypatch.setattr("boxoffice.doctor.slots.INACTIVE_MAX_S", 0.0)
    late = (await verdicts(logical_database))["slots"]

    assert (slot.name, slot.active, slot.wal_status, slot.failover) == (SLOT, False, "reserved", False)
    assert slot.retained_bytes > 1_000
    assert slot.inactive_s is not None
    assert (early.level, late.level) == ("warning", "error")
    for seen in (early.seen, late.seen):
        told = re.search(rf"{SLOT} retains ([\d,]+) bytes", seen)
        assert told is not None, seen
        assert int(told[1].replace(",", "")) >= slot.retained_bytes


async def test_a_slot_that_was_lost_is_an_error(logical_database: str, reading: Connection) -> None:
    await reading.execute("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'")
    await reading.execute("SELECT pg_reload_conf()")
    try:
        for _ in range(3):
            await reading.execute(FILL_LOG)
        await reading.execute("CHECKPOINT")
        verdict = (await verdicts(logical_database))["slots"]
    finally:
        await reading.execute("ALTER SYSTEM RESET max_slot_wal_keep_size")
        await reading.execute("SELECT pg_reload_conf()")
    assert verdict.level == "error"
    assert f"{SLOT} retains" in verdict.seen
    assert "is lost" in verdict.seen
