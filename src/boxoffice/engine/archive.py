"""The archive: rows of shows that are long over move to tables of their own, so that the tables on sale stay
small.

The first transaction closes a show, under its lock and with an event: nothing can change the show any more.
Each transaction then moves some rows. Reads and ``verify`` look at both kinds of tables, so every snapshot
has each row exactly once. A run may be interrupted at any point; the next run goes on where it stopped. Two
runs at the same time take turns, because each transaction locks its show.
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
"""Why a show was not archived in this run: another session kept the show locked."""


class ArchiveReport(Struct):
    """How many shows and rows were moved, or would be, and ``left``: how many old shows stay, by reason.

    ``callers``: rows of ``caller_locks`` that were deleted.
    """

    shows: int = 0
    bookings: int = 0
    seats: int = 0
    events: int = 0
    callers: int = 0
    left: Counter[str] = field(default_factory=Counter)

    def add(self, row: asyncpg.Record) -> None:
        """Add the rows that one transaction moved."""
        self.bookings += row["bookings"]
        self.seats += row["seats"]
        self.events += row["events"]


Tell = Callable[[ArchiveReport], None]


@asynccontextmanager
async def open_archive(settings: Settings, older_than: timedelta, actor: str) -> AsyncIterator["Archive"]:
    """An archive with its own connections. Raises the driver's error if the database cannot be reached.

    The connections are READ COMMITTED, which the show's lock makes safe. Under SERIALIZABLE the rows that the
    archive reads would let sales fail with conflicts.
    """
    database = replace(settings.database, isolation="read_committed")
    async with open_store(replace(settings, database=database)) as store:
        yield Archive(store, older_than, actor)


class Archive:
    """Moves shows whose start and whose last change are longer ago than ``older_than``."""

    def __init__(self, store: Store, older_than: timedelta, actor: str) -> None:
        self._store = store
        self._older_than = older_than
        self._actor = actor
        self._report = ArchiveReport()

    async def run(self, tell: Tell) -> ArchiveReport:
        """Archive every show that is old enough, then delete the locks of users without holds.

        ``tell`` gets the report after each show. Raises a ``Fault`` if the database fails.
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
        """The report that ``run`` would give now. Nothing is changed."""
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
        """The ids of the old shows that are not wholly archived, the oldest show first."""
        place: tuple[object, object] = (None, None)
        while rows := await self._store.read(
            "old_shows", self._older_than, *place, limits.ARCHIVE_PAGE_SHOWS
        ):
            for row in rows:
                if row["waits"]:
                    yield row["show_id"]
            place = rows[-1]["start_time"], rows[-1]["show_id"]

    async def _archive(self, show_id: int) -> str:
        """Close the show and move all its rows; 'done', or the code that says why the show must stay.

        Each transaction is followed by a pause (``limits.ARCHIVE_TIME_SHARE``), so that sales go first.
        """
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
        """Delete the rows of ``caller_locks`` whose users have no hold."""
        after: int | None = 0
        while after is not None:
            [row] = await self._store.write("forget_callers", after, limits.FORGET_CALLERS_MAX)
            self._report.callers += row["forgotten"]
            after = row["last_user_id"]
