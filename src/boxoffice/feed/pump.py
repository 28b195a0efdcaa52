"""The pump: brings events to one consumer, in order for each show, and moves the cursors when the consumer
has them.

What is not acknowledged is sent again, so an event may arrive twice after a crash, and none is left out. A
consumer that does not answer stops its own pump alone; nothing is kept in memory for it meanwhile.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

import structlog

from boxoffice.feed.cursors import Cursors, Lease, moves_of
from boxoffice.feed.events import FeedEvent, Position
from boxoffice.feed.leases import Leases, slice_of
from boxoffice.feed.reader import FeedReader
from boxoffice.feed.tails import Tail
from boxoffice.telemetry import metrics
from boxoffice.vocabulary.faults import Fault

BATCH_EVENTS_MAX: Final = 512
"""Events that are under way to a consumer: what a crash may send twice."""

SHOWS_COMPARED_MAX: Final = 10_000
"""Shows that one comparison finds behind; when they are served, the next comparison finds more."""

PAUSE_FIRST_S: Final = 0.2
"""Seconds until the next try after a failure; they double with each further one."""

PAUSE_MAX_S: Final = 30.0
"""Longest pause between two tries: a consumer that is back is served after half a minute at the latest."""

Deliver = Callable[[Sequence[FeedEvent]], Awaitable[None]]
"""Sends events, and returns when all of them are acknowledged. Raises if that is not so."""

TellFork = Callable[[int, Position], Awaitable[None]]
"""Tells the consumer that its position in a show is not in the history any more."""

log: Final = structlog.get_logger(__name__)


class Pump:
    """The pump of one consumer in this process; ``start`` before use, ``stop`` after.

    Several processes may have a pump for the same consumer: leases share the shows among them.
    """

    def __init__(
        self,
        reader: FeedReader,
        cursors: Cursors,
        leases: Leases,
        consumer: str,
        deliver: Deliver,
        tell_fork: TellFork,
    ) -> None:
        self._reader = reader
        self._cursors = cursors
        self._leases = leases
        self._consumer = consumer
        self._deliver = deliver
        self._tell_fork = tell_fork
        self._dirty: dict[int, None] = {}  # in the order in which they changed
        self._compare = True
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._unfollow: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Begins to send."""
        self._unfollow = self._reader.follow(self._notice, self.compare)
        self._task = asyncio.create_task(self._loop(), name=f"pump-{self._consumer}")

    async def stop(self) -> None:
        """Ends the pump; a batch under way is broken off, and sent again by the next holder of its leases."""
        self._unfollow()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def compare(self) -> None:
        """Look for shows that are behind: leases have changed, or marks may have been missed."""
        self._compare = True
        self._wake.set()

    def _notice(self, changed: Mapping[int, int]) -> None:
        held = self._leases.held
        news = [show_id for show_id in changed if slice_of(show_id) in held]
        if news:
            self._dirty.update(dict.fromkeys(news))
            self._wake.set()

    async def _loop(self) -> None:
        pause_s = PAUSE_FIRST_S
        while True:
            await self._wake.wait()
            self._wake.clear()
            if await self._served():
                pause_s = PAUSE_FIRST_S
            else:
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, PAUSE_MAX_S)
                self.compare()

    async def _served(self) -> bool:
        """Sends what there is; False: something failed, and is tried again after a pause."""
        try:
            await self._serve()
        except (Fault, OSError, TimeoutError) as error:
            log.warning("a consumer cannot be served", consumer=self._consumer, reason=str(error))
        except Exception:
            log.exception("a consumer cannot be served", consumer=self._consumer)
        else:
            return True
        metrics.FEED_FAILURES.labels(self._consumer).inc()
        return False

    async def _serve(self) -> None:
        """Sends until nothing of the held slices is left."""
        while self._dirty or self._compare:
            with self._leases.using() as held:
                if self._compare:
                    self._compare = False
                    await self._find_behind(list(held))
                    await self._tell_forks(held)
                await self._round(held)

    async def _find_behind(self, slices: list[int]) -> None:
        if not slices:
            self._dirty.clear()
            return
        found = await self._cursors.behind(self._consumer, slices=slices, limit=SHOWS_COMPARED_MAX)
        self._dirty.update(dict.fromkeys(show.show_id for show in found))
        self._compare = len(found) == SHOWS_COMPARED_MAX

    async def _round(self, held: Mapping[int, Lease]) -> None:
        """One batch of the shows that changed first."""
        shows = [show_id for show_id in self._dirty if slice_of(show_id) in held][:BATCH_EVENTS_MAX]
        if not shows:
            self._dirty.clear()
            return
        for show_id in shows:
            del self._dirty[show_id]
        positions = await self._cursors.positions(self._consumer, shows)
        tails = await self._reader.tails(positions, BATCH_EVENTS_MAX)
        events = self._batch(tails)
        if events:
            await self._deliver(events)
            await self._move(events, held)
        forked = {show_id: positions[show_id] for show_id, tail in tails.items() if tail.forked}
        if forked:
            await self._note_forks(forked)
            await self._tell_forks(held)

    def _batch(self, tails: Mapping[int, Tail]) -> list[FeedEvent]:
        """The events of one batch. Shows that do not fit, or not wholly, come again in the next."""
        events: list[FeedEvent] = []
        for show_id, tail in tails.items():
            part = tail.events[: BATCH_EVENTS_MAX - len(events)]
            events += part
            if tail.more or len(part) < len(tail.events):
                self._dirty[show_id] = None
        return events

    async def _move(self, events: Sequence[FeedEvent], held: Mapping[int, Lease]) -> None:
        moves = moves_of(events)
        leases = [held[number] for number in sorted({slice_of(show_id) for show_id in moves})]
        moved = await self._cursors.move(leases, self._consumer, moves)
        metrics.FEED_SENT.labels(self._consumer).inc(len(events))
        if len(moved) < len(moves):
            log.info(
                "cursors stand elsewhere", consumer=self._consumer, shows=sorted(moves.keys() - moved)[:10]
            )
            await self._leases.renew()
            self._compare = True

    async def _note_forks(self, forked: Mapping[int, Position]) -> None:
        """Notes forks before the consumer is told: if that fails, nothing wrong is sent meanwhile."""
        metrics.FEED_FORKS.labels(self._consumer).inc(len(forked))
        for show_id, has in forked.items():
            log.error(
                "the history of a show does not continue what a consumer has",
                consumer=self._consumer,
                show_id=show_id,
                has=str(has),
            )
            await self._cursors.note_fork(self._consumer, show_id, has)

    async def _tell_forks(self, held: Mapping[int, Lease]) -> None:
        """Tells the consumer of forks that it does not know, also of those that an earlier process could
        not tell.
        """
        for fork in await self._cursors.forks(self._consumer):
            if not fork.told and slice_of(fork.show_id) in held:
                await self._tell_fork(fork.show_id, fork.has)
                await self._cursors.note_fork_told(self._consumer, fork.show_id)
