"""The hub of a show in a process: who watches it, and the way of its frames to them."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from msgspec import Struct

from boxoffice.feed.events import FeedEvent, Position
from boxoffice.live.asked import Asked
from boxoffice.live.frames import Frame
from boxoffice.live.pace import Pace
from boxoffice.live.show import EVENTS_READ_MAX, LiveShow, Rows, Source, UnknownKind, load
from boxoffice.live.states import EFFECTS
from boxoffice.live.watchers import Sub, Watcher
from boxoffice.telemetry import metrics
from boxoffice.vocabulary.faults import Unavailable

SENDS_AT_ONCE: Final = 500
"""Watchers that are sent to in one turn of the event loop: some 6 ms, in which nobody else is served."""

STALE_MAX_S: Final = 30.0
"""Seconds for which a watcher may read nothing. Then its connection is closed; when it comes back it gets a
difference."""

AGAIN_S: Final = 0.5
"""Seconds until a show is read again that could not be read: its mark was taken, and does not come again."""

CAUGHT_UP_KEPT_MAX: Final = 64
"""Positions whose way to the present is remembered: after a restart thousands come back with a few."""


class CaughtUp(Struct, frozen=True):
    """What has happened between a position and step ``no``: to these places; None: too much, or the show
    itself has changed. ``fits``: whether the position is one of the history.
    """

    no: int
    fits: bool
    places: frozenset[int] | None = None


class Reached(NamedTuple):
    """What those who get all frames have: the step, the number that their clients know, and the epoch."""

    no: int
    seq: int
    epoch: int


class Hub:
    """A show and its watchers. One task at most moves the show on and sends its frames.

    ``closed`` is called when watchers were told that nothing more follows.
    """

    def __init__(
        self, show: LiveShow, store: Rows, source: Source, pace: Pace, closed: Callable[["Hub"], None]
    ) -> None:
        self.show: Final = show
        self.current: Final[set[Sub]] = set()
        self.stale: Final[set[Sub]] = set()
        self.joining = 0
        self.idle_since = 0.0
        self.last_at = 0.0
        self._store: Final = store
        self._source: Final = source
        self._pace: Final = pace
        self._closed: Final = closed
        self._caught_up: Final[dict[Position, asyncio.Task[CaughtUp]]] = {}
        self._behind = False
        self._task: asyncio.Task[None] | None = None

    @property
    def watched(self) -> bool:
        """Whether somebody watches, or is about to."""
        return bool(self.current or self.stale or self.joining)

    # Watchers ------------------------------------------------------------------------------------

    async def join(self, watcher: Watcher, asked: Asked) -> None:
        """Takes a watcher, and sends what its client lacks; from then on the watcher gets each frame.

        The hub is kept and moves on while this waits for the database: the difference is made at the end,
        of everything since the position. Raises ``Unavailable``.
        """
        sub = Sub(watcher, self)
        self.joining += 1
        try:
            frame = await self._first(asked)
        finally:
            self.joining -= 1
        if watcher.left:
            return
        watcher.subs.append(sub)
        self._settle(sub)
        if frame is not None and not watcher.take(sub, frame):
            self._skip(sub, Reached(-1, 0, self.show.epoch))

    def leave(self, sub: Sub, now: float) -> None:
        """Forgets a watcher."""
        self.current.discard(sub)
        self.stale.discard(sub)
        if not self.watched:
            self.idle_since = now

    def catch_up_stale(self, now: float) -> list[Watcher]:
        """Sends their own difference to watchers that read again. Returns those that did not for long."""
        lost = []
        for sub in tuple(self.stale):
            if self._tell_stale(sub):
                self.stale.discard(sub)
                self._settle(sub)
            elif now - sub.stale_since > STALE_MAX_S:
                lost.append(sub.watcher)
        return lost

    def _tell_stale(self, sub: Sub) -> bool:
        frame = self._difference(sub)
        return sub.watcher.left or frame is None or sub.watcher.take(sub, frame)

    def _difference(self, sub: Sub) -> Frame | None:
        if sub.epoch != self.show.epoch:
            return self._reset("rewound")
        return self.show.since(sub.no, sub.seq)

    def _settle(self, sub: Sub) -> None:
        """The watcher has everything."""
        sub.stale_since = 0.0
        self.current.add(sub)

    def _skip(self, sub: Sub, reached: Reached) -> None:
        """The watcher is too slow: it gets no frames until it has read what is written, then a difference."""
        metrics.LIVE_SKIPPED.inc()
        sub.no, sub.seq, sub.epoch = reached
        self.current.discard(sub)
        self.stale.add(sub)
        sub.stale_since = asyncio.get_running_loop().time()

    # The first frame -----------------------------------------------------------------------------

    async def _first(self, asked: Asked) -> Frame | None:
        """What a client lacks that has this position."""
        if asked is None:
            return self.show.snapshot()
        if asked == "unknown":
            return self._reset("unknown")
        assert isinstance(asked, Position)
        epoch = self.show.epoch
        no, places = self.show.history.find(asked), frozenset[int]()
        if no is None:
            caught_up = await self._catch_up(asked)
            if not caught_up.fits or epoch != self.show.epoch:
                return self._reset("rewound")
            if caught_up.places is None:
                return self.show.snapshot()
            no, places = caught_up.no, caught_up.places
        return self.show.since(no, asked.seq, places)

    async def _catch_up(self, asked: Position) -> CaughtUp:
        """What has happened since a position; asked once for all who come with the same."""
        task = self._caught_up.get(asked)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            if len(self._caught_up) >= CAUGHT_UP_KEPT_MAX:
                self._caught_up.clear()
            task = self._caught_up[asked] = asyncio.create_task(self._read_since(asked))
        return await asyncio.shield(task)

    async def _read_since(self, asked: Position) -> CaughtUp:
        no, at = self.show.history.no, self.show.position.seq
        tail = await self._source.tail(self.show.show_id, asked, EVENTS_READ_MAX)
        if tail.forked:
            return CaughtUp(no, fits=False)
        last = tail.events[-1].seq if tail.events else asked.seq
        # What comes from memory may be older than the map: places that changed in between would be missing.
        if last < at or tail.more or any(EFFECTS.get(event.kind) is None for event in tail.events):
            return CaughtUp(no, fits=True)
        return CaughtUp(no, fits=True, places=frozenset(p for e in tail.events for p in e.places))

    def _reset(self, why: str) -> Frame:
        metrics.LIVE_RESETS.labels(why).inc()
        return self.show.snapshot("unknown" if why == "unknown" else "rewound")

    # Frames --------------------------------------------------------------------------------------

    def wake(self) -> None:
        """The show has changed, or may have: its next frame follows as soon as the pace allows."""
        self._behind = True
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._go_on())

    async def stop(self) -> None:
        """Ends the frames."""
        tasks = [task for task in (self._task, *self._caught_up.values()) if task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _go_on(self) -> None:
        loop = asyncio.get_running_loop()
        while self._behind:
            await asyncio.sleep(self._pace.wait_s(loop.time(), self.last_at))
            self._behind = False
            self.last_at = loop.time()
            show = self.show
            reached = Reached(show.history.no, show.told_seq, show.epoch)
            try:
                frame = await self._advance()
            except Unavailable:
                self._behind = True
                await asyncio.sleep(AGAIN_S)
                continue
            if frame is not None:
                await self._send(frame, reached)
                if show.closed:
                    self._closed(self)

    async def _advance(self) -> Frame | None:
        """Moves the show on by all that has happened."""
        show, events = self.show, list[FeedEvent]()
        at, more = show.position, True
        while more:
            tail = await self._source.tail(show.show_id, at, EVENTS_READ_MAX)
            if tail.forked:
                return await self._load(rewound=True)
            events += tail.events
            more = tail.more
            if len(events) > EVENTS_READ_MAX:
                return await self._load(rewound=False)
            at = events[-1].position if events else at
        return await self._take(events) if events else None

    async def _take(self, events: Sequence[FeedEvent]) -> Frame | None:
        try:
            return self.show.advance(events)
        except UnknownKind:
            return await self._load(rewound=False)

    async def _load(self, *, rewound: bool) -> Frame | None:
        """Begins again with what the database has."""
        loaded = await load(self._store, self.show.show_id)
        if loaded is None:
            self.show.closed = "deleted"
            return self.show.snapshot()
        self._caught_up.clear()
        if rewound:
            metrics.LIVE_RESETS.labels("rewound").inc()
        return self.show.load(loaded, rewound=rewound)

    async def _send(self, frame: Frame, reached: Reached) -> None:
        """Sends a frame to all who can take it. Between slices others are served."""
        subs = tuple(self.current)
        self._pace.spend(asyncio.get_running_loop().time(), len(subs), len(frame.stream))
        metrics.LIVE_FRAMES.inc()
        metrics.LIVE_SENDS.inc(len(subs))
        for number, sub in enumerate(subs, 1):
            if sub in self.current and not sub.watcher.take(sub, frame):
                self._skip(sub, reached)
            if number % SENDS_AT_ONCE == 0:
                await asyncio.sleep(0)
