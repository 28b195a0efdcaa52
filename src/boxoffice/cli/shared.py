"""What the commands share: their settings, and the database that they work on."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

from msgspec.structs import replace

from boxoffice.cli.output import out, tell
from boxoffice.database.migrate import MigrationReport, check_database, migrate
from boxoffice.database.servers import address_of
from boxoffice.database.waiting import wait_for_database
from boxoffice.postgres.embedded import running_dsn, start_embedded
from boxoffice.serve.settings import ProgramSettings
from boxoffice.settings.near_misses import names_of_a_database, near_misses
from boxoffice.settings.settings import Settings, given_texts, load_settings, names_of
from boxoffice.settings.texts import EMBEDDED, Secret, SettingsError

T = TypeVar("T")

ACTOR: Final = "command line"
"""The actor of what is done here, as the audit keeps it."""

DAYS_MAX: Final = 3_650
"""Most days that an option takes: ten years, longer than a key should last or a show be kept."""


def read_settings() -> ProgramSettings:
    """The settings of the program; names that seem to be mistyped are told. Raises ``SettingsError``."""
    for line in near_misses(given_texts(), names_of(ProgramSettings)):
        tell(line)
    return load_settings(ProgramSettings)


@contextmanager
def connected(settings: Settings, *, own: bool = False) -> Iterator[Settings]:
    """Settings with a database, which is told: the one that is set, or the embedded one.

    The embedded one is started here unless it runs already. ``own``: it must be started here, for it ends
    with the process that started it, and a server must not be left without. Raises ``SettingsError`` if no
    database is set: a mistyped name must not lead to another database than the one that is meant.
    """
    if settings.database.dsn is not None:
        tell(f"working on {address_of(settings.database.dsn)}")
        yield settings
        return
    if not settings.database.is_embedded:
        raise SettingsError(_no_database())
    data_dir = settings.database.data_dir
    running = None if own else running_dsn(data_dir)
    if running is not None:
        tell(f"working on {address_of(running)}, embedded in {data_dir}")
        yield _with_dsn(settings, running)
        return
    with start_embedded(data_dir, log=tell) as server:
        tell(f"working on {address_of(server.dsn)}, embedded in {data_dir}")
        yield _with_dsn(settings, server.dsn)


def with_embedded(settings: ProgramSettings) -> ProgramSettings:
    """The settings with the embedded database if none is set; in production only its name asks for it."""
    if settings.database.dsn is not None or settings.server.app_env == "production":
        return settings
    return replace(settings, database=replace(settings.database, url=Secret(EMBEDDED)))


def _no_database() -> str:
    given = names_of_a_database(given_texts(), names_of(ProgramSettings))
    return (
        "no database is set; expected DATABASE_URL=postgresql://user:password@host/name, in the environment, "
        f"in .env or in the file of --env-file; DATABASE_URL={EMBEDDED} is the PostgreSQL that comes along"
        + (f" (not read: {', '.join(given)})" if given else "")
    )


def _with_dsn(settings: Settings, dsn: str) -> Settings:
    os.environ["DATABASE_URL"] = dsn  # for the processes that serve
    return replace(settings, database=replace(settings.database, url=Secret(dsn)))


def dsn_of(settings: Settings) -> str:
    """The database of settings that have one."""
    assert settings.database.dsn is not None
    return settings.database.dsn


def tell_migration(report: MigrationReport, say: Callable[[str], None] = out.print) -> None:
    """Says what a migration did."""
    for name in report.applied:
        say(f"applied migration {name}")
    if report.functions_applied:
        say("applied the SQL functions")


def in_database(work: Callable[[Settings], Awaitable[T]], *, waits: bool = False) -> T:
    """Does it in the database of the settings; with the schema of this program, as ``serve`` would.
    ``waits``: also for a database that is not there yet.

    Raises ``SchemaMismatch`` if the schema does not fit, and MIGRATE_ON_START is off.
    """

    async def run(settings: Settings) -> T:
        if waits:
            await wait_for_database(dsn_of(settings), settings.database.wait_seconds, tell)
        if settings.server.migrate_on_start:
            tell_migration(await migrate(dsn_of(settings)), tell)
        else:
            await check_database(dsn_of(settings))
        return await work(settings)

    with connected(read_settings()) as settings:
        return asyncio.run(run(settings))
