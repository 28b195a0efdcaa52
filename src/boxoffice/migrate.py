"""Brings a database's schema up to date: numbered migrations once, the functions whenever they change.

All of it is one transaction behind an advisory lock: ten instances that start together apply it once,
and one that breaks off leaves nothing half done.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

import asyncpg
from msgspec import Struct

from boxoffice import __version__
from boxoffice.faults import SchemaMismatch
from boxoffice.servers import Servers
from boxoffice.sql import query, scripts

_LOCK_KEY: Final = 0x626F786F6666  # 'boxoff': the advisory lock that migrations take
_LOCK_WAIT_MAX: Final = "60s"  # another instance's migration; a table of millions may be rewritten
_FUNCTIONS: Final = "functions"  # the row that stands for all functions together
_FIRST: Final = "0000_migrations"


class MigrationReport(Struct, frozen=True):
    """What was done: the migrations applied, and whether the functions were applied again."""

    applied: list[str]
    functions_applied: bool


async def migrate(dsn: str) -> MigrationReport:
    """Applies what is missing. Raises ``SchemaMismatch`` if the database is newer, or was tampered with."""
    connection = await Servers(dsn, primary=True).connect(
        server_settings={"application_name": "boxoffice-migrate"}, statement_cache_size=0
    )  # nothing is left in a session that a pooler may hand on
    try:
        async with connection.transaction(isolation="read_committed"):
            await connection.execute(f"SET LOCAL lock_timeout = '{_LOCK_WAIT_MAX}'")
            await connection.execute("SET LOCAL check_function_bodies = off")
            await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK_KEY)
            return await _migrate(connection)
    finally:
        await connection.close()


def check_schema(checksums: Mapping[str, str]) -> None:
    """Raises ``SchemaMismatch`` unless these checksums, by name, are what this program needs."""
    _refuse_foreign(checksums)
    missing = [name for name in _migrations() if name not in checksums]
    if missing or _FUNCTIONS not in checksums:
        raise SchemaMismatch(
            f"the schema lacks {', '.join(missing or [_FUNCTIONS])}; run 'boxoffice migrate'"
        )


def functions_are_ours(checksums: Mapping[str, str]) -> bool:
    """Whether the functions with these checksums are this program's; in a rolling upgrade they may not be."""
    return checksums.get(_FUNCTIONS) == _checksum("\n".join(scripts("functions").values()))


async def applied_checksums(connection: Any) -> dict[str, str]:
    """What was applied to the database of this connection: checksums by name; nothing if never migrated."""
    try:
        rows = await connection.fetch(query("applied_migrations"))
    except asyncpg.UndefinedTableError:
        return {}
    return {row["name"]: row["checksum"] for row in rows}


async def _migrate(connection: Any) -> MigrationReport:
    await connection.execute(scripts("migrations")[_FIRST])
    checksums = {row["name"]: row["checksum"] for row in await connection.fetch(query("applied_migrations"))}
    _refuse_foreign(checksums)
    applied = [name for name in _migrations() if name not in checksums]
    for name in applied:
        await connection.execute(scripts("migrations")[name])
        await _record(connection, name, _migrations()[name])
    _refuse_newer(await connection.fetchval(query("functions_version")))
    functions = "\n".join(scripts("functions").values())
    functions_applied = checksums.get(_FUNCTIONS) != _checksum(functions)
    if functions_applied:
        await connection.execute(functions)
        await _record(connection, _FUNCTIONS, _checksum(functions))
    return MigrationReport(applied, functions_applied)


async def _record(connection: Any, name: str, checksum: str) -> None:
    await connection.execute(query("record_migration"), name, checksum, __version__)


def _refuse_foreign(checksums: Mapping[str, str]) -> None:
    known = _migrations()
    for name, checksum in checksums.items():
        if name == _FUNCTIONS:
            continue
        if name not in known:
            raise SchemaMismatch(
                f"the database has migration {name}, which this version ({__version__}) does not know: "
                "it is newer; run the version that belongs to it"
            )
        if known[name] != checksum:
            raise SchemaMismatch(
                f"migration {name} was applied with another content than this version ({__version__}) has: "
                "an applied migration must never be edited; add a new one"
            )


def _refuse_newer(version: str | None) -> None:
    """An older program must not put its rules in the place of newer ones; in a rolling upgrade both run."""
    if version is not None and _numbers(version) > _numbers(__version__):
        raise SchemaMismatch(
            f"the SQL functions are those of version {version}, newer than this one ({__version__}): "
            "run the version that belongs to them"
        )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _migrations() -> dict[str, str]:
    """The checksums of the migrations, by name, in order."""
    return {name: _checksum(text) for name, text in scripts("migrations").items() if name != _FIRST}


def _checksum(text: str) -> str:
    return sha256(text.encode()).hexdigest()
