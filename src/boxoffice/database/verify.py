"""Checks a database against the invariants: each check is a query for what must not be there."""

from time import perf_counter
from typing import Final
from urllib.parse import urlsplit

import asyncpg
from msgspec import Struct

from boxoffice.database.migrate import check_schema, ledger_of
from boxoffice.database.servers import Servers
from boxoffice.sql import scripts

VIOLATIONS_KEPT_MAX: Final = 20
"""Violations of one check that are told in full; the rest is counted."""


class Violation(Struct, frozen=True):
    """What is wrong in a show."""

    show_id: int
    text: str


class CheckResult(Struct, frozen=True):
    """A check: its name, what it means, the violations (the first of them), how many, and its time."""

    name: str
    meaning: str
    violations: list[Violation]
    violation_count: int
    seconds: float


async def verify(dsn: str) -> list[CheckResult]:
    """Runs all checks in one snapshot; changes nothing and locks nothing. Raises ``SchemaMismatch``."""
    connection = await Servers(dsn, primary="," in urlsplit(dsn).netloc).connect(
        server_settings={"application_name": "boxoffice-verify"}, statement_cache_size=0
    )  # nothing is left in a session that a pooler may hand on
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await connection.execute("SET LOCAL jit = off")
            check_schema(await ledger_of(connection))
            return [await _check(connection, name, text) for name, text in scripts("checks").items()]
    finally:
        await connection.close()


async def _check(connection: "asyncpg.Connection[asyncpg.Record]", name: str, text: str) -> CheckResult:
    started = perf_counter()
    rows = await connection.fetch(text)
    return CheckResult(
        name=name.replace("_", " "),
        meaning=_meaning(text),
        violations=[Violation(row["show_id"], row["violation"]) for row in rows[:VIOLATIONS_KEPT_MAX]],
        violation_count=len(rows),
        seconds=perf_counter() - started,
    )


def _meaning(text: str) -> str:
    """The comment at the head of the check."""
    lines = text.splitlines()
    head = [line.removeprefix("--").strip() for line in lines if line.startswith("--")]
    return " ".join(head)
