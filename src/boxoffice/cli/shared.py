"""What the commands share: the database that they work on."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

from msgspec.structs import replace

from boxoffice.cli.output import out
from boxoffice.database.migrate import MigrationReport, migrate
from boxoffice.postgres.embedded import running_dsn, start_embedded
from boxoffice.serve.settings import ProgramSettings
from boxoffice.settings.settings import Settings, load_settings
from boxoffice.settings.texts import Secret

T = TypeVar("T")

ACTOR: Final = "command line"
"""The actor of what is done here, as the audit keeps it."""

DAYS_MAX: Final = 3_650
"""Most days that an option takes: ten years, longer than a key should last or a show be kept."""


@contextmanager
def connected(settings: Settings, *, own: bool = False) -> Iterator[Settings]:
    """Settings with a database: the one that is set, or the embedded one.

    That is started here unless it runs already. ``own``: it must be started here, for it ends with the
    process that started it, and a server must not be left without.
    """
    if settings.database.dsn is not None:
        yield settings
        return
    running = None if own else running_dsn(settings.database.data_dir)
    if running is not None:
        yield _with_dsn(settings, running)
        return
    with start_embedded(settings.database.data_dir, log=lambda line: out.print(line, markup=False)) as server:
        yield _with_dsn(settings, server.dsn)


def _with_dsn(settings: Settings, dsn: str) -> Settings:
    os.environ["DATABASE_URL"] = dsn  # for the processes that serve
    return replace(settings, database=replace(settings.database, url=Secret(dsn)))


def dsn_of(settings: Settings) -> str:
    """The database of settings that have one."""
    assert settings.database.dsn is not None
    return settings.database.dsn


def tell_migration(report: MigrationReport) -> None:
    """Says what a migration did."""
    for name in report.applied:
        out.print(f"applied migration {name}")
    if report.functions_applied:
        out.print("applied the SQL functions")


def in_database(work: Callable[[Settings], Awaitable[T]]) -> T:
    """Does it in the database of the settings; with the schema of this program, as ``serve`` would."""

    async def run(settings: Settings) -> T:
        if settings.server.migrate_on_start:
            tell_migration(await migrate(dsn_of(settings)))
        return await work(settings)

    with connected(load_settings(ProgramSettings)) as settings:
        return asyncio.run(run(settings))
