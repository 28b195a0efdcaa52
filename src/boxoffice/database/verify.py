"""Checks a database against the invariants: that it is as this program made it, that its chain of events is
whole, and by queries for what must not be there.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any, Final
from urllib.parse import urlsplit

import asyncpg
from msgspec import Struct

from boxoffice.database.anchors import Anchors
from boxoffice.database.catalogue import deviations, program_schema, recorded
from boxoffice.database.chain import Link, steps
from boxoffice.database.migrate import check_schema, ledger_of, newer_than_ours
from boxoffice.database.servers import Servers, hang_up
from boxoffice.sql import query, scripts

VIOLATIONS_KEPT_MAX: Final = 20
"""Violations of one check that are told in full; the rest is counted."""

SCHEMA: Final = "schema is the program's"
CHAIN: Final = "events are chained"
ANCHORS: Final = "anchors hold"

_MEANINGS: Final = {
    SCHEMA: "I0: tables, keys, constraints, functions and views are as this program made them, and nothing "
    "stands before them.",
    CHAIN: "I9: each event's link is the hash of its content and of the link before it, and the show has the "
    "link of its last event. So no event was changed, removed, inserted or moved.",
    ANCHORS: "I9: each event that was anchored outside is there, with the link that it had.",
}


class Violation(Struct, frozen=True):
    """What is wrong, and in which show (None: in none)."""

    show_id: int | None
    text: str


class CheckResult(Struct, frozen=True):
    """A check: its name, what it means, the violations (the first of them), how many, and its time."""

    name: str
    meaning: str
    violations: list[Violation]
    violation_count: int
    seconds: float


class LookedAt(Struct, frozen=True):
    """How much was looked at. ``functions``, ``constraints``: with how many the database was compared."""

    shows: int
    bookings: int
    events: int
    functions: int
    constraints: int
    anchors: int


class Report(Struct, frozen=True):
    """What all checks found, how much they looked at, and the last link of each show."""

    results: list[CheckResult]
    looked_at: LookedAt
    ends: list[Link]

    @property
    def holds(self) -> bool:
        """Whether there is no violation."""
        return not any(result.violation_count for result in self.results)


class _Found:
    """The violations of one check: the first of them, and how many there are."""

    def __init__(self, name: str, meaning: str) -> None:
        self._name = name
        self._meaning = meaning
        self._first: list[Violation] = []
        self._count = 0
        self._started = perf_counter()

    def add(self, show_id: int | None, text: str) -> None:
        """One more."""
        self._count += 1
        if self._count <= VIOLATIONS_KEPT_MAX:
            self._first.append(Violation(show_id, text))

    def result(self) -> CheckResult:
        """What the check found, and its time until now."""
        seconds = perf_counter() - self._started
        return CheckResult(self._name, self._meaning, self._first, self._count, seconds)


async def verify(dsn: str, anchors: Anchors | None = None) -> Report:
    """Runs all checks in one snapshot; changes nothing, locks nothing, and needs the right to read alone.

    Raises ``SchemaMismatch``.
    """
    connection = await Servers(dsn, primary="," in urlsplit(dsn).netloc).connect(
        server_settings={"application_name": "boxoffice-verify"}, statement_cache_size=0
    )  # nothing is left in a session that a pooler may hand on
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return await examine(connection, anchors)
    finally:
        await hang_up(connection)


async def examine(connection: Any, anchors: Anchors | None = None) -> Report:
    """Runs all checks in the connection's transaction. Raises ``SchemaMismatch``."""
    schema, searched = await program_schema(connection)
    ledger = await ledger_of(connection)
    check_schema(ledger)
    assert schema is not None  # it has the ledger
    results = [await _schema(connection, schema, searched, newer_than_ours(ledger))]
    chained, ends, events = await _chain(connection, anchors)
    results += chained
    results += [await check(connection, name, text) for name, text in scripts("checks").items()]
    return Report(results, await _looked_at(connection, events, anchors), ends)


async def check(connection: Any, name: str, text: str) -> CheckResult:
    """What one query of ``sql/checks`` finds."""
    found = _Found(name.replace("_", " "), _meaning(text))
    async with _telling(connection, found):
        for row in await connection.fetch(text):
            found.add(row["show_id"], row["violation"])
    return found.result()


@asynccontextmanager
async def _telling(connection: Any, found: _Found) -> AsyncIterator[None]:
    """Makes a query that cannot be run a violation: whoever took away or broke what it reads and calls must
    not keep the other checks from being made. That the reader lacks a right is no violation.
    """
    try:
        async with connection.transaction():
            yield
    except asyncpg.InsufficientPrivilegeError:
        raise
    except (asyncpg.SyntaxOrAccessError, asyncpg.PLPGSQLError, asyncpg.DataError) as error:
        found.add(None, f"cannot be checked: {error}")


async def _schema(connection: Any, schema: str, searched: Sequence[str], newer: str | None) -> CheckResult:
    found = _Found(SCHEMA, _MEANINGS[SCHEMA])
    if newer is not None:
        found.add(None, f"the database is version {newer}'s: let that version verify it")
        return found.result()
    async with _telling(connection, found):
        for text in await deviations(connection, schema, searched):
            found.add(None, text)
    return found.result()


async def _chain(connection: Any, anchors: Anchors | None) -> tuple[list[CheckResult], list[Link], int]:
    """The checks of the chain and of the anchors, the end of each chain, and how many events there are."""
    broken, lost = _Found(CHAIN, _MEANINGS[CHAIN]), _Found(ANCHORS, _MEANINGS[ANCHORS])
    ends: dict[int, Link] = {}
    events = 0
    async with _telling(connection, broken):
        async for step in steps(connection):
            end, events = step.end, events + 1
            ends[end.show_id] = end
            if not step.holds:
                broken.add(end.show_id, f"event {end.seq} is not what was linked to the one before it")
            if anchors is not None and anchors.lost(end.show_id, end.seq, end.link):
                lost.add(end.show_id, f"event {end.seq} is not the one that was anchored")
        for row in await connection.fetch(query("last_links")):
            last = ends.get(row["show_id"])
            if row["last_link"] != (last and last.link):
                broken.add(
                    row["show_id"], f"the show is linked to another end than event {last and last.seq}"
                )
    if anchors is None:
        return [broken.result()], list(ends.values()), events
    for gone in anchors.beyond(ends.values()):
        lost.add(gone.show, f"event {gone.seq} was anchored, and is not there")
    return [broken.result(), lost.result()], list(ends.values()), events


async def _looked_at(connection: Any, events: int, anchors: Anchors | None) -> LookedAt:
    shows = bookings = 0
    async with _telling(connection, _Found("", "")):  # that the tables are not there, the checks tell
        shows, bookings = await connection.fetchrow(query("looked_at"))
    kinds = [line.partition(" ")[0] for line in recorded()]
    anchored = 0 if anchors is None else anchors.count()
    return LookedAt(shows, bookings, events, kinds.count("function"), kinds.count("constraint"), anchored)


def _meaning(text: str) -> str:
    """The comment at the head of the check."""
    lines = text.splitlines()
    head = [line.removeprefix("--").strip() for line in lines if line.startswith("--")]
    return " ".join(head)
