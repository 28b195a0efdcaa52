"""Moves what belongs to shows that are long over to the archive, so that what is on sale stays small.

A show is closed first, under its lock and with an event, and from then on only waits to be moved: some rows
in each transaction. Reads and ``verify`` look at both places, so in every snapshot each row is there once. To
break it off costs nothing; the next run goes on. Beside another run the two take turns.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from time import perf_counter

import asyncpg
from msgspec import Struct, field
from msgspec.structs import replace

from boxoffice.database.store import Store
from boxoffice.engine.runtime import open_store
from boxoffice.settings.settings import Settings
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.faults import Busy

LOCKED = "locked"
"""Why a show is left to the next run: something else kept its lock."""


class ArchiveReport(Struct):
    """How much was moved, or would be; and how many old shows were left, by reason."""

    shows: int = 0
    bookings: int = 0
    seats: int = 0
    events: int = 0
    callers: int = 0
    left: Counter[str] = field(default_factory=Counter)

    def add(self, row: asyncpg.Record) -> None:
        """Counts rows that were moved."""
        self.bookings += row["bookings"]
        self.seats += row["seats"]
        self.events += row["events"]


Tell = Callable[[ArchiveReport], None]


@asynccontextmanager
async def open_archive(settings: Settings, older_than: timedelta, actor: str) -> AsyncIterator["Archive"]:
    """An archive with connections of its own; raises the driver's error if there are none.

    They are READ COMMITTED, which the show's lock makes safe: what is read here gives no sale a conflict.
    """
    database = replace(settings.database, isolation="read_committed")
    async with open_store(replace(settings, database=database)) as store:
        yield Archive(store, older_than, actor)


class Archive:
    """Archives shows that began, and were changed last, longer ago than ``older_than``."""

    def __init__(self, store: Store, older_than: timedelta, actor: str) -> None:
        self._store = store
        self._older_than = older_than
        self._actor = actor
        self._report = ArchiveReport()

    async def run(self, tell: Tell) -> ArchiveReport:
        """Archives all that it is time for; ``tell`` hears after each show how far it is. Raises a ``Fault``.

        Ends with the locks of users who hold nothing.
        """
        async for show_id in self._waiting_shows():
            try:
                code = await self._archive(show_id)
            except Busy:
                code = LOCKED
            self._count(code)
            tell(self._report)
        await self._forget_callers()
        return self._report

    async def preview(self, tell: Tell) -> ArchiveReport:
        """The same, but changes nothing."""
        async for show_id in self._waiting_shows():
            [row] = await self._store.read("archive_preview", show_id, self._older_than)
            if row["code"] == "done":
                self._report.add(row)
            self._count(row["code"])
            tell(self._report)
        return self._report

    def _count(self, code: str) -> None:
        if code == "done":
            self._report.shows += 1
        else:
            self._report.left[code] += 1

    async def _waiting_shows(self) -> AsyncIterator[int]:
        """The old shows, the oldest first, of which something is not archived."""
        place: tuple[object, object] = (None, None)
        while rows := await self._store.read(
            "old_shows", self._older_than, *place, limits.ARCHIVE_PAGE_SHOWS
        ):
            for row in rows:
                if row["waits"]:
                    yield row["show_id"]
            place = rows[-1]["start_time"], rows[-1]["show_id"]

    async def _archive(self, show_id: int) -> str:
        """Closes and moves the show, or says why not. Pauses in between: sales go first."""
        more = True
        while more:
            started = perf_counter()
            [row] = await self._store.write(
                "archive_show", show_id, self._older_than, self._actor, limits.ARCHIVE_ROWS_MAX
            )
            if row["code"] != "done":
                return str(row["code"])
            self._report.add(row)
            more = row["more"]
            await asyncio.sleep((perf_counter() - started) * (1 / limits.ARCHIVE_TIME_SHARE - 1))
        return "done"

    async def _forget_callers(self) -> None:
        """Deletes the locks of users who hold nothing."""
        after: int | None = 0
        while after is not None:
            [row] = await self._store.write("forget_callers", after, limits.FORGET_CALLERS_MAX)
            self._report.callers += row["forgotten"]
            after = row["last_user_id"]
