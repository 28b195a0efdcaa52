"""Databases for a benchmark: made by it, filled by it, dropped by it."""

import tempfile
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import urlsplit

import asyncpg

from boxoffice.bench.plan import USERS
from boxoffice.bench.results import Updates
from boxoffice.database.migrate import migrate
from boxoffice.postgres.embedded import start_embedded
from boxoffice.settings.settings import Settings

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]
else:
    Connection = asyncpg.Connection

SELL_MAX: Final = 1_000
"""Bookings of one transaction while a database is filled; an engine's batches are smaller."""

FILL_TIMEOUT_S: Final = 120.0
"""Longest statement while a database is filled, in seconds: ten thousand shows take some."""


@cache
def statement(name: str) -> str:
    """The text of ``sql/<name>.sql``."""
    return (files(__package__) / "sql" / f"{name}.sql").read_text()


class Cluster:
    """A PostgreSQL server where databases can be made; ``template`` is a migrated one with users."""

    def __init__(self, admin: Connection, dsn: str, *, embedded: bool) -> None:
        self.admin: Final = admin
        self.embedded: Final = embedded
        self._dsn = dsn
        self._name = f"boxoffice_bench_{uuid.uuid4().hex[:12]}"

    @asynccontextmanager
    async def template(self) -> AsyncIterator[None]:
        """Makes what ``database`` clones."""
        async with self._database(self._name, "template1") as dsn:
            await migrate(dsn)
            async with connected(dsn) as connection:
                await make_users(connection, 1, USERS)
                await connection.execute("VACUUM ANALYZE")
            yield

    @asynccontextmanager
    async def database(self, name: str) -> AsyncIterator[str]:
        """The DSN of a fresh database; dropped at the end, whoever uses it."""
        async with self._database(f"{self._name}_{name}", self._name) as dsn:
            yield dsn

    @asynccontextmanager
    async def _database(self, name: str, template: str) -> AsyncIterator[str]:
        await self.admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        try:
            yield with_database(self._dsn, name)
        finally:
            await self.admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@asynccontextmanager
async def open_cluster(settings: Settings, folder: Path) -> AsyncIterator[Cluster]:
    """The server of the settings, or else an embedded one in ``folder`` that is as durable as any."""
    if settings.database.dsn is not None:
        async with connected(settings.database.dsn) as admin:
            yield Cluster(admin, settings.database.dsn, embedded=False)
        return
    with start_embedded(folder / "data", durable=True) as server:
        async with connected(server.dsn) as admin:
            yield Cluster(admin, server.dsn, embedded=True)


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[Connection]:
    """A connection for the length of a block."""
    connection = await asyncpg.connect(
        dsn, server_settings={"application_name": "boxoffice-bench", "jit": "off"}
    )
    try:
        yield connection
    finally:
        await connection.close()


def with_database(dsn: str, name: str) -> str:
    """The same server, another database."""
    parts = urlsplit(dsn)
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc}/{name}{query}"


async def make_users(connection: Connection, first: int, last: int) -> None:
    """Registers the users with these ids, and those between."""
    await connection.execute(statement("make_users"), first, last)


async def make_shows(connection: Connection, count: int, seats: int) -> list[int]:
    """The ids of new shows with so many free seats each."""
    rows = await connection.fetch(statement("make_shows"), count, seats, timeout=FILL_TIMEOUT_S)
    return [row["show_id"] for row in rows]


async def sell(connection: Connection, show_id: int, seats: Sequence[int]) -> None:
    """Sells these seats, one a booking. Not durable at once: a benchmark's past may be lost with it."""
    await connection.execute("SET synchronous_commit = off")
    for first in range(0, len(seats), SELL_MAX):
        part = seats[first : first + SELL_MAX]
        sold = await connection.fetchval(statement("sell"), show_id, part, USERS, timeout=FILL_TIMEOUT_S)
        if sold != len(part):
            raise RuntimeError(f"only {sold} of {len(part)} seats of show {show_id} were sold")


async def effects(connection: Connection) -> dict[str, int]:
    """How often each kind of event has happened since the database was filled."""
    return {row["kind"]: row["count"] for row in await connection.fetch(statement("effects"))}


async def updates(connection: Connection, database: str) -> list[Updates]:
    """How the hot tables were updated, as far as PostgreSQL's statistics know by now."""
    rows = await connection.fetch(statement("updates"))
    return [Updates(database, row["name"], row["updates"], row["hot_updates"]) for row in rows]


async def server_settings(connection: Connection) -> dict[str, str]:
    """PostgreSQL's version, and the settings that decide how fast and how safe it is."""
    return {row["name"]: row["value"] for row in await connection.fetch(statement("server_settings"))}


def public_folder() -> "tempfile.TemporaryDirectory[str]":
    """A temporary folder that everybody can enter: for root, PostgreSQL runs as somebody else."""
    folder = tempfile.TemporaryDirectory(prefix="boxoffice-bench-", ignore_cleanup_errors=True)
    Path(folder.name).chmod(0o755)
    return folder
