"""Migrations are applied once, together, and never to a schema that is not ours."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

import boxoffice.migrate
from boxoffice.faults import SchemaMismatch
from boxoffice.migrate import MigrationReport, check_schema, migrate
from boxoffice.runtime import open_engine
from boxoffice.sql import scripts
from tests.support.box import settings_for
from tests.support.databases import Connection, connected, temporary_database
from tests.support.races import wait_until_blocked

MIGRATIONS = ["0001_schema", "0002_access", "0003_archive"]
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
    monkeypatch.setattr(boxoffice.migrate, "scripts", folders.__getitem__)
    return folders


async def tables(dsn: str) -> Any:
    async with connected(dsn) as connection:
        return await connection.fetchval(TABLES)


async def test_an_empty_database_gets_everything_once(empty: str) -> None:
    assert await migrate(empty) == MigrationReport(MIGRATIONS, functions_applied=True)
    assert await migrate(empty) == MigrationReport([], functions_applied=False)


async def test_ten_instances_that_start_together_apply_it_once(empty: str, admin: Connection) -> None:
    async with connected(empty) as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", boxoffice.migrate._LOCK_KEY)
        starting = [asyncio.create_task(migrate(empty)) for _ in range(10)]
        await wait_until_blocked(admin, application_name="boxoffice-migrate", count=10)
    reports = await asyncio.gather(*starting)
    assert sum(report.functions_applied for report in reports) == 1
    assert [name for report in reports for name in report.applied] == MIGRATIONS


async def test_a_new_migration_is_applied_to_an_old_schema(
    database: str, texts: dict[str, dict[str, str]]
) -> None:
    texts["migrations"]["0099_more"] = "CREATE TABLE more (id bigint); CREATE TABLE even_more (id bigint);"
    before = await tables(database)
    assert await migrate(database) == MigrationReport(["0099_more"], functions_applied=False)
    assert await tables(database) == before + 2


async def test_a_broken_migration_leaves_nothing(empty: str, texts: dict[str, dict[str, str]]) -> None:
    texts["migrations"]["0099_broken"] = "CREATE TABLE more (id bigint); SELECT 1 / 0;"
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(empty)
    assert await tables(empty) == 0


async def test_an_edited_migration_is_refused_with_the_reason(
    database: str, texts: dict[str, dict[str, str]]
) -> None:
    texts["migrations"]["0001_schema"] += "-- edited"
    with pytest.raises(SchemaMismatch, match="0001_schema was applied with another content"):
        await migrate(database)


async def test_a_newer_schema_is_refused_with_the_reason(database: str, connection: Connection) -> None:
    await connection.execute("INSERT INTO schema_migrations VALUES ('0999_future', 'x', '9.9')")
    with pytest.raises(SchemaMismatch, match="0999_future, which this version"):
        await migrate(database)


async def test_functions_are_applied_again_when_they_change(
    database: str, connection: Connection, texts: dict[str, dict[str, str]]
) -> None:
    texts["functions"]["section_of"] = texts["functions"]["section_of"].replace("4096", "4095")
    assert await migrate(database) == MigrationReport([], functions_applied=True)
    assert await connection.fetchval("SELECT section_of(4096)") == 1
    assert await migrate(database) == MigrationReport([], functions_applied=False)


async def test_every_function_is_sound(connection: Connection) -> None:
    """They are applied unchecked, as they call each other; so here each is planned with checks on."""
    await connection.execute("SET check_function_bodies = on")
    for text in scripts("functions").values():
        await connection.execute(text)


async def test_readiness_says_what_is_missing(empty: str, texts: dict[str, dict[str, str]]) -> None:
    async with open_engine(settings_for(empty), sweep=False) as (_, reads):
        with pytest.raises(
            SchemaMismatch, match="lacks 0001_schema, 0002_access, 0003_archive; run 'boxoffice migrate'"
        ):
            await reads.check_ready()
        await migrate(empty)
        await reads.check_ready()
        texts["migrations"]["0099_more"] = "SELECT 1"
        with pytest.raises(SchemaMismatch, match="lacks 0099_more"):
            await reads.check_ready()


def test_a_schema_without_functions_is_not_ready() -> None:
    sums = boxoffice.migrate._migrations()
    with pytest.raises(SchemaMismatch, match="lacks functions"):
        check_schema(sums)
    check_schema(sums | {"functions": "of whatever version"})
    with pytest.raises(SchemaMismatch, match="another content"):
        check_schema(sums | {"functions": "", "0001_schema": "x"})
