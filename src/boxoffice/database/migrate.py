"""Brings a database's schema up to date: numbered migrations once, the functions whenever they change.

Each migration is a transaction of its own behind an advisory lock: ten instances that start together apply
it once, and one that breaks off leaves nothing half done. It does not stand in the way of those who book:
it waits for a table for a moment only, and then lets the others go first.

Two releases share a database while one takes the other's place. A program works with migrations and
functions that are newer than itself if these say that they serve it, and leaves them alone
(docs/decisions/0024-two-releases-one-schema.md).
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any, Final, TypeVar

import asyncpg
from msgspec import Struct

from boxoffice import __version__
from boxoffice.database.fitness import check_fitness
from boxoffice.database.servers import Servers, hang_up
from boxoffice.sql import query, scripts
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.faults import Fault, SchemaMismatch

FUNCTIONS_SERVE_SINCE: Final = "0.1.0"
"""The oldest version that can work with the SQL functions of this one: the release before, at least."""

_LOCK_KEY: Final = 0x626F786F6666  # 'boxoff': the advisory lock that migrations take
_FUNCTIONS: Final = "functions"  # the row that stands for all functions together
_FIRST: Final = "0000_migrations"
_SERVES_SINCE: Final = re.compile(r"^-- Serves programs since (\d+(?:\.\d+)*)\.$", re.MULTILINE)

T = TypeVar("T")


class MigrationReport(Struct, frozen=True):
    """What was done: the migrations applied, and whether the functions were applied again."""

    applied: list[str]
    functions_applied: bool


class Applied(Struct, frozen=True):
    """What was applied: its content, by which version, and since which one programs can work with it."""

    checksum: str
    by: str
    serves_since: str | None


Ledger = Mapping[str, Applied]
"""What was applied to a database, by name."""


class MigrationBlocked(Fault):
    """Another session holds a lock that the migration needs. The migration was undone; try again."""


async def migrate(dsn: str) -> MigrationReport:
    """Applies what is missing, and leaves alone what is newer but serves this program.

    Raises ``SchemaMismatch`` if the database is too new or was tampered with, ``Unfit``, and
    ``MigrationBlocked``.
    """
    async with _session(dsn) as connection:
        applied: list[str] = []
        await _when_free(connection, _apply_ledger)
        while (name := await _when_free(connection, _apply_next)) is not None:
            applied.append(name)
        return MigrationReport(applied, await _when_free(connection, _apply_functions))


async def check_database(dsn: str) -> None:
    """Raises ``Unfit`` or ``SchemaMismatch`` unless this program can work with the database as it is."""
    async with _session(dsn) as connection:
        check_schema(await ledger_of(connection))


@asynccontextmanager
async def _session(dsn: str) -> AsyncIterator[Any]:
    """A connection to a primary whose release and encoding fit."""
    connection = await Servers(dsn, primary=True).connect(
        server_settings={"application_name": "boxoffice-migrate"},
        statement_cache_size=0,  # nothing is left in a session that a pooler may hand on
        command_timeout=limits.MIGRATION_STATEMENT_MAX_S,
    )
    try:
        check_fitness(connection)
        yield connection
    finally:
        await hang_up(connection)


def check_schema(ledger: Ledger) -> None:
    """Raises ``SchemaMismatch`` unless this program can work with a database of this ledger."""
    _refuse_foreign(ledger)
    missing = [name for name in _migrations() if name not in ledger]
    functions = ledger.get(_FUNCTIONS)
    if functions is None or _numbers(functions.by) < _numbers(__version__):
        missing.append(f"{_FUNCTIONS} of version {__version__}")
    if missing:
        raise SchemaMismatch(f"the schema lacks {', '.join(missing)}; run 'boxoffice migrate'")


def newer_than_ours(ledger: Ledger) -> str | None:
    """The version that brought what is newer than this program; None if nothing is."""
    known = {_FIRST, _FUNCTIONS, *_migrations()}
    newer = [
        applied.by
        for name, applied in ledger.items()
        if name not in known or _numbers(applied.by) > _numbers(__version__)
    ]
    return max(newer, key=_numbers, default=None)


def functions_are_ours(ledger: Ledger) -> bool:
    """Whether the functions are this program's own; in a rolling upgrade they may not be."""
    applied = ledger.get(_FUNCTIONS)
    return applied is not None and applied.checksum == _checksum("\n".join(scripts("functions").values()))


async def ledger_of(connection: Any) -> Ledger:
    """The ledger of this connection's database; empty if it was never migrated."""
    try:
        return to_ledger(await connection.fetch(query("applied_migrations")))
    except asyncpg.UndefinedTableError:
        return {}


def to_ledger(rows: Iterable[asyncpg.Record]) -> Ledger:
    """The ledger in the rows of ``applied_migrations.sql``."""
    return {row["name"]: Applied(row["checksum"], row["applied_by"], row["serves_since"]) for row in rows}


async def _when_free(connection: Any, step: Callable[[Any], Awaitable[T]]) -> T:
    """What the step gives; tried again if others keep a table that it needs, after they had their turn."""
    for _ in range(limits.MIGRATION_TRIES_MAX):
        try:
            async with _turn(connection):
                return await step(connection)
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            await asyncio.sleep(limits.MIGRATION_PAUSE_S)
    raise MigrationBlocked(
        f"the migration got no lock in {limits.MIGRATION_TRIES_MAX} tries: a long transaction keeps a table "
        "that it changes (look into pg_stat_activity); nothing of it was applied"
    )


@asynccontextmanager
async def _turn(connection: Any) -> AsyncIterator[None]:
    """A transaction that is the only one to migrate."""
    async with connection.transaction(isolation="read_committed"):
        await connection.execute(f"SET LOCAL lock_timeout = '{limits.MIGRATION_TURN_MAX_S:g}s'")
        try:
            await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK_KEY)
        except asyncpg.LockNotAvailableError:
            raise MigrationBlocked("another instance is still migrating; try again when it is done") from None
        await connection.execute(f"SET LOCAL lock_timeout = '{limits.MIGRATION_LOCK_TIMEOUT_MS}ms'")
        await connection.execute("SET LOCAL check_function_bodies = off")
        yield


async def _apply_ledger(connection: Any) -> None:
    await connection.execute(scripts("migrations")[_FIRST])


async def _apply_next(connection: Any) -> str | None:
    """Applies the first migration that is missing; its name."""
    ledger = await ledger_of(connection)
    _refuse_foreign(ledger)
    name = next((name for name in _migrations() if name not in ledger), None)
    if name is not None:
        text = scripts("migrations")[name]
        await connection.execute(text)
        await _record(connection, name, text, serves_since(text))
    return name


async def _apply_functions(connection: Any) -> bool:
    """Applies the functions if the database has others; never in the place of newer ones."""
    there = (await ledger_of(connection)).get(_FUNCTIONS)
    text = "\n".join(scripts("functions").values())
    if there is not None and (
        _numbers(there.by) > _numbers(__version__)
        or (there.by, there.checksum) == (__version__, _checksum(text))
    ):
        return False
    await connection.execute(text)
    await _record(connection, _FUNCTIONS, text, FUNCTIONS_SERVE_SINCE)
    return True


async def _record(connection: Any, name: str, text: str, since: str | None) -> None:
    await connection.execute(query("record_migration"), name, _checksum(text), __version__, since)


def serves_since(text: str) -> str | None:
    """The oldest version that can work with this migration without knowing it, if its header names one."""
    named = _SERVES_SINCE.search(text)
    return None if named is None else named[1]


def _refuse_foreign(ledger: Ledger) -> None:
    """Raises ``SchemaMismatch`` for what this program can neither know nor work with."""
    known = _migrations()
    for name, applied in ledger.items():
        newer = _numbers(applied.by) > _numbers(__version__) if name == _FUNCTIONS else name not in known
        if newer and not _serves_us(applied):
            raise SchemaMismatch(
                f"the database is newer than this version ({__version__}): its {name} came with "
                f"{applied.by} and needs version {applied.serves_since or applied.by} or newer; run that"
            )
        if known.get(name, applied.checksum) != applied.checksum:
            raise SchemaMismatch(
                f"migration {name} was applied with another content than this version ({__version__}) has: "
                "an applied migration must never be edited; add a new one"
            )


def _serves_us(applied: Applied) -> bool:
    since = applied.serves_since
    return since is not None and _numbers(since) <= _numbers(__version__)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _migrations() -> dict[str, str]:
    """The checksums of the migrations, by name, in order."""
    return {name: _checksum(text) for name, text in scripts("migrations").items() if name != _FIRST}


def _checksum(text: str) -> str:
    return sha256(text.encode()).hexdigest()
