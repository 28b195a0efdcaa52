"""Migrations are applied once, together, and never to a schema that is not ours."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

import boxoffice.database.migrate
from boxoffice import __version__
from boxoffice.database.migrate import (
    FUNCTIONS_SERVE_SINCE,
    Applied,
    MigrationBlocked,
    MigrationReport,
    check_schema,
    ledger_of,
    migrate,
)
from boxoffice.engine.runtime import open_engine
from boxoffice.sql import query, scripts
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.faults import SchemaMismatch
from tests.support.engine.databases import Connection, connected, temporary_database
from tests.support.engine.races import wait_until_blocked
from tests.support.settings import settings_for

MIGRATIONS = [name for name in scripts("migrations") if name != "0000_migrations"]
TABLES = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"


@pytest.fixture
async def empty(admin: Connection, postgres_url: str) -> AsyncIterator[str]:
    """An empty database."""
    async with temporary_database(admin, postgres_url, template=None) as dsn:
        yield dsn


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, str]]:
    """The scripts by folder and name; what a test changes of them is what is applied."""
    folders = {folder: dict(scripts(folder)) for folder in ("migrations", "functions")}
    monkeypatch.setattr(boxoffice.database.migrate, "scripts", folders.__getitem__)
    return folders


async def tables(dsn: str) -> Any:
    async with connected(dsn) as connection:
        return await connection.fetchval(TABLES)


async def test_an_empty_database_gets_everything_once(empty: str) -> None:
    assert await migrate(empty) == MigrationReport(MIGRATIONS, functions_applied=True)
    assert await migrate(empty) == MigrationReport([], functions_applied=False)


async def test_ten_instances_that_start_together_apply_it_once(empty: str, admin: Connection) -> None:
    async with connected(empty) as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", boxoffice.database.migrate._LOCK_KEY)
        starting = [asyncio.create_task(migrate(empty)) for _ in range(10)]
        await wait_until_blocked(admin, application_name="boxoffice-migrate", count=10)
    reports = await asyncio.gather(*starting)
    assert sum(report.functions_applied for report in reports) == 1
    assert sorted(name for report in reports for name in report.applied) == MIGRATIONS


async def test_a_new_migration_is_applied_to_an_old_schema(
    database: str, texts: dict[str, dict[str, str]]
) -> None:
    texts["migrations"]["0099_more"] = "CREATE TABLE more (id bigint); CREATE TABLE even_more (id bigint);"
    before = await tables(database)
    assert await migrate(database) == MigrationReport(["0099_more"], functions_applied=False)
    assert await tables(database) == before + 2


async def test_a_broken_migration_leaves_nothing_of_itself(
    empty: str, texts: dict[str, dict[str, str]]
) -> None:
    texts["migrations"]["0099_broken"] = "CREATE TABLE more (id bigint); SELECT 1 / 0;"
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(empty)
    async with connected(empty) as connection:
        assert list(await ledger_of(connection)) == MIGRATIONS
        assert await connection.fetchval("SELECT to_regclass('more')") is None


async def test_an_edited_migration_is_refused_with_the_reason(
    database: str, texts: dict[str, dict[str, str]]
) -> None:
    texts["migrations"]["0001_schema"] += "-- edited"
    with pytest.raises(SchemaMismatch, match="0001_schema was applied with another content"):
        await migrate(database)


@pytest.mark.parametrize("name", ["0999_future", "functions"])
@pytest.mark.parametrize("since", [None, "0.2.0"])
async def test_what_is_newer_and_does_not_serve_us_is_refused_with_the_reason(
    database: str, connection: Connection, name: str, since: str | None
) -> None:
    await connection.execute(query("record_migration"), name, "x", "9.9", since)
    told = rf"newer than this version \(.*\): its {name} came with 9.9 and needs version {since or '9.9'} or"
    with pytest.raises(SchemaMismatch, match=told):
        await migrate(database)
    with pytest.raises(SchemaMismatch, match=told):
        check_schema(await ledger_of(connection))


async def test_what_is_newer_and_serves_us_is_left_alone(database: str, connection: Connection) -> None:
    for name in ("0999_future", "functions"):
        await connection.execute(query("record_migration"), name, "x", "9.9", __version__)
    before = await ledger_of(connection)

    assert await migrate(database) == MigrationReport([], functions_applied=False)

    assert await ledger_of(connection) == before
    check_schema(before)


async def test_a_newer_program_takes_the_functions_over_and_is_not_ready_before(
    database: str, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boxoffice.database.migrate, "__version__", "0.10.0")
    with pytest.raises(SchemaMismatch, match=r"lacks functions of version 0[.]10[.]0"):
        check_schema(await ledger_of(connection))

    assert await migrate(database) == MigrationReport([], functions_applied=True)

    check_schema(await ledger_of(connection))
    assert (await ledger_of(connection))["functions"].serves_since == FUNCTIONS_SERVE_SINCE


async def test_a_migration_lets_others_pass_while_it_waits_for_a_table(
    database: str, admin: Connection, texts: dict[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    texts["migrations"]["0099_more"] = "ALTER TABLE bookings ADD COLUMN more text;"
    monkeypatch.setattr(limits, "MIGRATION_LOCK_TIMEOUT_MS", 10)
    monkeypatch.setattr(limits, "MIGRATION_PAUSE_S", 0.01)
    async with connected(database) as reader, connected(database) as other:
        async with reader.transaction():
            await reader.execute("SELECT FROM bookings")
            migrating = asyncio.create_task(migrate(database))
            await wait_until_blocked(admin, application_name="boxoffice-migrate")
            await other.execute("SELECT FROM bookings")  # behind the ALTER until that gives way
            assert not migrating.done()
        assert (await migrating).applied == ["0099_more"]


async def test_a_migration_that_gets_no_lock_gives_up_and_says_why(
    database: str, texts: dict[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    texts["migrations"]["0099_more"] = "ALTER TABLE bookings ADD COLUMN more text;"
    monkeypatch.setattr(limits, "MIGRATION_LOCK_TIMEOUT_MS", 1)
    monkeypatch.setattr(limits, "MIGRATION_PAUSE_S", 0.001)
    async with connected(database) as reader, reader.transaction():
        await reader.execute("SELECT FROM bookings")
        with pytest.raises(MigrationBlocked, match="in 60 tries: a long transaction"):
            await migrate(database)


async def test_waiting_for_another_instance_ends_and_says_why(
    database: str, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MIGRATION_TURN_MAX_S", 0.01)
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", boxoffice.database.migrate._LOCK_KEY)
        with pytest.raises(MigrationBlocked, match="another instance is still migrating"):
            await migrate(database)


async def test_functions_are_applied_again_when_they_change(
    database: str, connection: Connection, texts: dict[str, dict[str, str]]
) -> None:
    texts["functions"]["chunk_of"] = texts["functions"]["chunk_of"].replace("4096", "4095")
    assert await migrate(database) == MigrationReport([], functions_applied=True)
    assert await connection.fetchval("SELECT chunk_of(4096)") == 1
    assert await migrate(database) == MigrationReport([], functions_applied=False)


async def test_every_function_is_sound(connection: Connection) -> None:
    """They are applied unchecked, as they call each other; so here each is planned with checks on."""
    await connection.execute("SET check_function_bodies = on")
    for text in scripts("functions").values():
        await connection.execute(text)


async def test_readiness_says_what_is_missing(empty: str, texts: dict[str, dict[str, str]]) -> None:
    async with open_engine(settings_for(empty), sweep=False) as (_, reads):
        with pytest.raises(SchemaMismatch, match=r"lacks 0001_schema, .*functions of"):
            await reads.check_ready()
        await migrate(empty)
        await reads.check_ready()
        texts["migrations"]["0099_more"] = "SELECT 1"
        with pytest.raises(SchemaMismatch, match="lacks 0099_more"):
            await reads.check_ready()


def test_a_schema_without_functions_is_not_ready() -> None:
    ledger = {
        name: Applied(sum_, "0.1.0", None) for name, sum_ in boxoffice.database.migrate._migrations().items()
    }
    with pytest.raises(SchemaMismatch, match="lacks functions"):
        check_schema(ledger)
    ledger["functions"] = Applied("whatever", __version__, None)
    check_schema(ledger)
    with pytest.raises(SchemaMismatch, match="another content"):
        check_schema(ledger | {"0001_schema": Applied("x", "0.1.0", None)})
