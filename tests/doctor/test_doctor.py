"""The doctor and a real server: each of its questions gets its answer, and sees what is wrong."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest

from boxoffice.doctor.examine import ABOUT_THE_SERVER, ABOUT_THE_TABLES, examine
from boxoffice.doctor.verdicts import Situation, Verdict
from boxoffice.vocabulary import limits
from tests.support.engine.box import open_box
from tests.support.engine.databases import Connection, connected, temporary_database
from tests.support.engine.eventually import eventually
from tests.support.engine.races import wait_until_blocked
from tests.support.settings import settings_for

Illness = Callable[[Connection], Awaitable[object]]


async def verdicts(dsn: str, processes: int = 1) -> dict[str, Verdict]:
    """What the doctor finds, by check."""
    findings = await examine(Situation(settings_for(dsn), processes), dsn)
    return {finding.check: finding.verdict for finding in findings}


def for_database(setting: str) -> Illness:
    """A setting of the whole database, for the sessions that come."""

    async def make(connection: Connection) -> None:
        name = await connection.fetchval("SELECT current_database()")
        await connection.execute(f"ALTER DATABASE {name} SET {setting}")

    return make


def statement(text: str) -> Illness:
    """A statement that makes something wrong."""
    return lambda connection: connection.execute(text)


GROW = """
    INSERT INTO users (name, email, created_at, updated_at)
    SELECT repeat('x', 200), n || '@example.com', now(), now() FROM generate_series(1, 5000) AS n
"""
LATE = """
    UPDATE bookings SET expires_at = expires_at - interval '1 hour' WHERE status = 'PENDING'
"""
UPDATE_SEAT = """
    UPDATE map_chunks
    SET taken = set_bit(taken, 9, GREATEST($1::integer, 0)), free_places = free_places - $1::integer
"""
TRIGGER = """
    CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
    CREATE TRIGGER tell AFTER INSERT ON bookings EXECUTE FUNCTION tell();
"""

ILLNESSES: dict[str, tuple[Illness, str, str]] = {
    "role": (for_database("default_transaction_read_only = on"), "error", "read-only"),
    "durability": (for_database("synchronous_commit = off"), "error", "synchronous_commit"),
    "migrations": (
        statement("DELETE FROM schema_migrations WHERE name = '0001_schema'"),
        "error",
        "0001_schema",
    ),
    "dead rows": (statement("ALTER TABLE bookings SET (autovacuum_enabled = false)"), "warning", "bookings"),
    "additions": (statement(TRIGGER), "warning", "tell on bookings"),
    "overdue holds": (statement(LATE), "warning", "1 holds"),
    "indexes": (
        statement("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'holds_of_show'::regclass"),
        "error",
        "holds_of_show",
    ),
    "statistics": (
        statement(GROW),
        "warning",
        "users",
    ),
}


@pytest.fixture
async def used(database: str) -> str:
    """A database with a hold that is not over."""
    async with open_box(database) as box:
        await box.book(await box.show(), hold=100)
    return database


async def test_a_sound_database_is_told_check_by_check(used: str) -> None:
    found = await verdicts(used)

    names = [check.name for check in (*ABOUT_THE_SERVER, *ABOUT_THE_TABLES)]
    assert sorted(found) == sorted([*names, "settings", "migrations"])
    told_by_the_server = {
        "durability",
        "predicate locks",
        "version",
        "connections",
        "transactions",
        "round trip",
    }
    assert {name for name, verdict in found.items() if verdict.level != "ok"} <= told_by_the_server


@pytest.mark.parametrize("check", ILLNESSES)
async def test_what_is_wrong_is_seen(used: str, connection: Connection, check: str) -> None:
    make, level, told = ILLNESSES[check]
    before = (await verdicts(used))[check]
    assert told not in before.seen or check == "durability"

    await make(connection)

    verdict = (await verdicts(used))[check]
    assert verdict.level == level
    assert told in verdict.seen
    assert verdict.advice


async def test_functions_of_another_version_are_told(used: str, connection: Connection) -> None:
    await connection.execute("UPDATE schema_migrations SET checksum = 'another' WHERE name = 'functions'")

    assert (await verdicts(used))["migrations"].level == "warning"


async def test_pools_that_do_not_fit_are_told(used: str) -> None:
    assert (await verdicts(used))["connections"].level == "ok"
    assert (await verdicts(used, processes=1000))["connections"].level == "error"


@asynccontextmanager
async def locked_show(connection: Connection) -> AsyncIterator[None]:
    """Show 1, locked by somebody else."""
    async with connection.transaction():
        await connection.execute("SELECT FROM show_inventory WHERE show_id = 1 FOR UPDATE")
        yield


async def test_who_waits_for_a_lock_and_who_has_it_is_told(
    used: str, connection: Connection, admin: Connection
) -> None:
    async with connected(used) as waiter, locked_show(connection):
        waiting = asyncio.create_task(waiter.execute("UPDATE show_inventory SET total_places = total_places"))
        await wait_until_blocked(admin, pid=waiter.get_server_pid())

        async def told() -> bool:
            verdict = (await verdicts(used))["lock waits"]
            return str(connection.get_server_pid()) in verdict.seen and verdict.level == "warning"

        await eventually(told, "the wait is told")
        waiting.cancel()


async def test_a_transaction_that_is_open_for_long_is_told(
    used: str, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("boxoffice.doctor.server.TRANSACTION_IDLE_S", 0.0)
    async with locked_show(connection):
        verdict = (await verdicts(used))["transactions"]
    assert f"({connection.get_server_pid()}) idle in transaction" in verdict.seen


async def test_dead_rows_and_updates_are_counted(
    used: str, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    for bound in ("DEAD_ROWS_MIN", "HOT_UPDATES_MIN"):
        monkeypatch.setattr(f"boxoffice.doctor.tables.{bound}", 1)
    await connection.execute("ALTER TABLE map_chunks SET (autovacuum_enabled = false)")
    await connection.execute("CREATE INDEX added ON map_chunks (free_places)")
    async with connected(used) as updating:  # it tells its counts when it ends
        for change in (1, -1) * 3:
            await updating.execute(UPDATE_SEAT, change)
    await connection.execute("ALTER TABLE map_chunks RESET (autovacuum_enabled)")

    async def told() -> bool:  # the server counts with a delay
        found = await verdicts(used)
        return "map_chunks" in found["dead rows"].seen and "map_chunks" in found["HOT updates"].seen

    await eventually(told, "dead rows and updates that are not HOT")


async def test_what_may_not_be_asked_is_told_and_the_rest_is_asked(used: str, connection: Connection) -> None:
    await connection.execute("ALTER TABLE bookings RENAME TO gone")

    found = await verdicts(used)

    assert "could not be asked" in found["overdue holds"].seen
    assert found["indexes"].level == "ok"


async def test_an_empty_database_is_told_to_be_migrated(admin: Connection, postgres_url: str) -> None:
    async with temporary_database(admin, postgres_url, template=None) as dsn:
        found = await verdicts(dsn)
    assert "boxoffice migrate" in found["migrations"].advice
    assert "overdue holds" not in found


async def test_a_database_that_is_not_there_is_told(database: str) -> None:
    gone = database.replace(urlsplit(database).path, "/not_there")

    found = await verdicts(gone)

    assert sorted(found) == ["database", "settings"]
    assert "not_there" in found["database"].seen


async def test_an_address_that_the_driver_cannot_read_is_told(database: str) -> None:
    found = await verdicts(f"{database}&sslmode=sideways")

    assert "sslmode" in found["database"].seen


async def test_a_server_that_says_nothing_is_told_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CONNECT_TIMEOUT_S", 0.1)
    with socket.socket() as silent:  # the kernel takes the connection, and nobody reads it
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        found = await verdicts(f"postgresql://somebody@127.0.0.1:{port}/name?sslmode=disable")
    assert found["database"].level == "error"
    assert "no answer in time" in found["database"].seen
