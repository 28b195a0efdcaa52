"""The databases of a benchmark, which makes, fills and drops them."""

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
"""Longest statement while a database is filled, in seconds: to make ten thousand shows takes several."""


@cache
def statement(name: str) -> str:
    """The text of ``sql/<name>.sql``."""
    return (files(__package__) / "sql" / f"{name}.sql").read_text("utf-8")


class Cluster:
    """A PostgreSQL server where databases can be made; ``template`` is a migrated one with users."""

    def __init__(self, admin: Connection, dsn: str, *, embedded: bool) -> None:
        self.admin: Final = admin
        self.embedded: Final = embedded
        self._dsn = dsn
        self._name = f"boxoffice_bench_{uuid.uuid4().hex[:12]}"

    @asynccontextmanager
    async def template(self) -> AsyncIterator[None]:
        """Make the template that ``database`` clones."""
        async with self._database(self._name, "template1") as dsn:
            await migrate(dsn)
            async with connected(dsn) as connection:
                await make_users(connection, 1, USERS)
                await connection.execute("VACUUM ANALYZE")
            yield

    @asynccontextmanager
    async def database(self, name: str) -> AsyncIterator[str]:
        """The DSN of a fresh database, which is dropped at the end even if sessions still use it."""
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
    """The server of the settings, or else an embedded one in ``folder`` with durable commits."""
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
    """Register users with all ids from the first to the last."""
    await connection.execute(statement("make_users"), first, last)


async def make_shows(connection: Connection, count: int, seats: int) -> list[int]:
    """The ids of new shows with so many free seats each."""
    rows = await connection.fetch(statement("make_shows"), count, seats, timeout=FILL_TIMEOUT_S)
    return [row["show_id"] for row in rows]


async def sell(connection: Connection, show_id: int, seats: Sequence[int]) -> None:
    """Sells these seats, one a booking. Commits do not wait for the disk: a crash ends the run."""
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
    """How the hot tables were updated, by PostgreSQL's statistics, which lag behind open sessions."""
    rows = await connection.fetch(statement("updates"))
    return [Updates(database, row["name"], row["updates"], row["hot_updates"]) for row in rows]


async def server_settings(connection: Connection) -> dict[str, str]:
    """PostgreSQL's version, and the settings that decide how fast and how safe it is."""
    return {row["name"]: row["value"] for row in await connection.fetch(statement("server_settings"))}


def public_folder() -> "tempfile.TemporaryDirectory[str]":
    """A temporary folder that all users can enter: started by root, PostgreSQL runs as another user."""
    folder = tempfile.TemporaryDirectory(prefix="boxoffice-bench-", ignore_cleanup_errors=True)
    Path(folder.name).chmod(0o755)
    return folder
