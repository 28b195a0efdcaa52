"""The reader of the feed: one a process. It sees which shows have changed, in whatever process, and tells its
followers in the process.

The reader asks the database for marks: often while there is news, seldom while there is none, and at once
when this process itself has changed a show. It never waits for a transaction, and no transaction waits for
it. It looks also while nobody follows: a look costs 0.1 ms, the live seats and the pumps of a process that
serves follow from its start to its end, and what is in memory needs the marks to be no older than a look.
Marks are hints: a follower that must miss nothing also compares its positions with the shows, when it
starts and whenever ``lost`` is called.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from time import monotonic
from typing import Final, NamedTuple

import structlog

from boxoffice.database.store import Store
from boxoffice.feed.events import Position
from boxoffice.feed.tails import Tail, Tails
from boxoffice.telemetry import metrics
from boxoffice.vocabulary.faults import Fault

LOOK_BUSY_S: Final = 0.02
"""Seconds between two looks while there is news: fewer cost the database more, and no reader would notice."""

LOOK_S: Final = 0.1
"""Seconds between two looks while there was news lately: what another process sells shows after that time."""

LOOK_IDLE_S: Final = 1.0
"""Seconds between two looks when nothing has happened for ``IDLE_AFTER_S``: a look costs 0.1 ms."""

IDLE_AFTER_S: Final = 10.0
"""Seconds without news after which looks become seldom."""

LOOK_FAILED_S: Final = 0.5
"""Seconds until the next look after one that failed: a database that starts again is not crowded."""

COMPARE_EVERY_S: Final = 60.0
"""Seconds between two comparisons of positions with the shows: as long may a lost mark delay what follows.
A comparison of 100,000 shows takes 42 ms."""

MARKS_KEPT_S: Final = 600.0
"""Seconds for which marks are kept: far longer than any look takes, and long enough for a caller of
``/changes`` that was away for a moment."""

FORGET_EVERY_S: Final = 30.0
"""Seconds between two deletions of old marks, so that one deletion is small."""

log: Final = structlog.get_logger(__name__)


class Follower(NamedTuple):
    """Somebody in this process who is told which shows have changed.

    ``notice`` gets the last event's number of each show that has changed. ``lost``: marks may have been
    missed, so the follower compares its positions itself. Both return at once.
    """

    notice: Callable[[Mapping[int, int]], None]
    lost: Callable[[], None]


class FeedReader:
    """The reader; ``start`` before use, ``stop`` after."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._tails = Tails(store)
        self._followers: list[Follower] = []
        self._new: list[Follower] = []
        self._snapshot: str | None = None
        self._news = asyncio.Event()
        self._last_news = 0.0
        self._looked_at = 0.0
        self._compare_at = 0.0
        self._horizons: deque[tuple[float, str]] = deque()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begins to look."""
        self._tasks = [
            asyncio.create_task(self._loop(), name="feed-reader"),
            asyncio.create_task(self._forget_loop(), name="feed-forget"),
        ]

    async def stop(self) -> None:
        """Ends the looks."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def hint(self, _show_id: int) -> None:
        """This process has changed the show: look at once."""
        self._last_news = monotonic()
        self._news.set()

    def follow(
        self, notice: Callable[[Mapping[int, int]], None], lost: Callable[[], None]
    ) -> Callable[[], None]:
        """Tells a follower from now on (``Follower``). Returns the function that ends it.

        ``lost`` is called by the next look, so that a new follower begins with a comparison.
        """
        follower = Follower(notice, lost)
        self._followers.append(follower)
        self._new.append(follower)
        self._news.set()

        def end() -> None:
            for followers in (self._followers, self._new):
                with suppress(ValueError):
                    followers.remove(follower)

        return end

    async def tail(self, show_id: int, after: Position, limit: int) -> Tail:
        """What follows a position in a show's history, at most ``limit`` events. Raises ``Unavailable``."""
        return (await self._tails.read({show_id: after}, limit))[show_id]

    async def tails(self, wanted: Mapping[int, Position], limit: int) -> dict[int, Tail]:
        """What follows a position in each of these shows, at most ``limit`` events each."""
        return await self._tails.read(wanted, limit)

    async def _loop(self) -> None:
        while True:
            try:
                await self._look()
                await self._pause(self._interval_s())
            except Fault as fault:
                log.warning("the feed cannot look", reason=str(fault))
                self._snapshot = None  # the server may have crashed, and marks with it
                await asyncio.sleep(LOOK_FAILED_S)
            except Exception:
                log.exception("the feed cannot look")
                self._snapshot = None
                await asyncio.sleep(LOOK_FAILED_S)

    async def _look(self) -> None:
        """One look at the marks. After a look that failed the marks are no guide: everybody compares."""
        self._news.clear()
        self._looked_at = monotonic()
        if self._snapshot is None:
            [row] = await self._store.read("feed_snapshot")
            self._snapshot = row["snapshot"]
            self._compare_at = 0.0
            self._horizons.clear()  # after a restore they would be ahead, and new marks would count as old
        else:
            [row] = await self._store.read("feed_look", self._snapshot)
            self._snapshot = row["snapshot"]
            self._tell(dict(zip(row["show_ids"], row["last_seqs"], strict=True)))
        self._let_compare()

    def _let_compare(self) -> None:
        """New followers compare at once, all of them now and then. What is in memory may lack what lost marks
        did not tell, so all of them read from the database then.
        """
        comparing, self._new = self._new, []
        if self._looked_at >= self._compare_at:
            self._compare_at = self._looked_at + COMPARE_EVERY_S
            self._tails.forget()
            comparing = list(self._followers)
        for follower in comparing:
            follower.lost()

    def _tell(self, changed: Mapping[int, int]) -> None:
        if not changed:
            return
        self._last_news = monotonic()
        metrics.FEED_LOOKS.inc()
        self._tails.note(changed)
        for follower in tuple(self._followers):
            follower.notice(changed)

    def _interval_s(self) -> float:
        quiet_s = monotonic() - self._last_news
        if quiet_s < LOOK_S:
            return LOOK_BUSY_S
        return LOOK_S if quiet_s < IDLE_AFTER_S else LOOK_IDLE_S

    async def _pause(self, interval_s: float) -> None:
        """Waits for the next look. News of this process end the pause, but looks keep a distance."""
        with suppress(TimeoutError):
            async with asyncio.timeout(interval_s):
                await self._news.wait()
        await asyncio.sleep(max(self._looked_at + LOOK_BUSY_S - monotonic(), 0))

    async def _forget_loop(self) -> None:
        """Deletes old marks: those that no look asks for any more, in any process."""
        while True:
            try:
                await self.forget()
            except Fault as fault:
                log.warning("old marks cannot be deleted", reason=str(fault))
            except Exception:
                log.exception("old marks cannot be deleted")
            await asyncio.sleep(FORGET_EVERY_S)

    async def forget(self) -> None:
        """Deletes the marks that are old, and notes from where on marks are complete."""
        now = monotonic()
        [row] = await self._store.read("feed_snapshot")
        self._horizons.append((now, row["snapshot"].partition(":")[0]))
        old = "3"  # the first transaction of all: nothing is deleted, but the horizon is noted
        while self._horizons and self._horizons[0][0] < now - MARKS_KEPT_S:
            old = self._horizons.popleft()[1]
        await self._store.write("forget_marks", old)
