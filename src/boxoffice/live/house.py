"""All live shows of a process: which are followed, who watches them, and what is done now and then."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Final, Protocol

import structlog

from boxoffice.feed.events import Position
from boxoffice.feed.tails import Tail
from boxoffice.live.asked import Asked
from boxoffice.live.hub import Hub
from boxoffice.live.pace import Pace
from boxoffice.live.settings import LiveSettings
from boxoffice.live.show import LiveShow, Rows, Source, load
from boxoffice.live.watchers import Watcher
from boxoffice.telemetry import metrics
from boxoffice.vocabulary.faults import Overloaded, Unavailable
from boxoffice.vocabulary.outcomes import RefusalCode, Refused

HEARTBEAT_S: Final = 20
"""Seconds between two signs of life on a stream: proxies cut connections that are silent for 30 s or 60 s."""

LOOK_EVERY_S: Final = 0.25
"""Seconds between two looks at slow watchers, so that one that reads again is soon up to date."""

IDLE_MAX_S: Final = 60.0
"""Seconds for which a show that nobody watches is followed: who comes back finds it as it was left."""

IDLE_PLACES_MAX: Final = 16_000_000
"""Places of shows that nobody watches, one byte each: beyond that the longest idle shows are forgotten."""

RETRY_MIN_S: Final = 1.0
"""Shortest wait of a client whose connection is lost, in seconds."""

RETRY_MAX_S: Final = 5.0
"""Longest such wait: clients are told times between the two, so that no crowd comes back in one moment."""

BYE_SPREAD_S: Final = 30.0
"""Seconds over which the clients of a server that ends come back: 50,000 of them are 1,700 a second."""

_GOLDEN: Final = 0.618_033_988_75  # multiples of it, without their whole part, fill 0 to 1 evenly

NOT_LIVE: Final = "show_not_live"
"""The code of the refusal for a show that is kept out of the live seats."""

_log: Final = structlog.get_logger(__name__)


class Reader(Source, Protocol):
    """What is read: ``FeedReader``."""

    async def tails(self, wanted: Mapping[int, Position], limit: int) -> dict[int, Tail]:
        """What follows a position in each of these shows."""

    def follow(
        self, notice: Callable[[Mapping[int, int]], None], lost: Callable[[], None]
    ) -> Callable[[], None]:
        """Tells which shows have changed; returns the function that ends it."""


class House:
    """The live shows; ``open`` before use. ``watchers``: how many were admitted and are still there."""

    def __init__(self, settings: LiveSettings, share: float, connections_max: int | None = None) -> None:
        """``share``: the part of a core that frames may take. ``connections_max``: instead of the setting."""
        self._max: Final = connections_max or settings.connections_max
        self._pace: Final = Pace(share, settings.bytes_per_second_max)
        self._hubs: Final[dict[int, Hub]] = {}
        self._loading: Final[dict[int, asyncio.Task[Hub | None]]] = {}
        self._slots: Final[list[set[Watcher]]] = [set() for _ in range(HEARTBEAT_S)]
        self._tasks: Final[set[asyncio.Task[None]]] = set()
        self.watchers = 0
        self._admitted = 0
        self._goodbyes = 0

    @asynccontextmanager
    async def open(self, reader: Reader, store: Rows) -> AsyncIterator[None]:
        """Follows shows as they are asked for."""
        self._reader, self._store = reader, store
        end = reader.follow(self._notice, self._compare)
        looks = asyncio.create_task(self._look_loop(), name="live-looks")
        try:
            yield
        finally:
            end()
            looks.cancel()
            await asyncio.wait([looks])
            for hub in self._hubs.values():
                await hub.stop()

    # Who watches ---------------------------------------------------------------------------------

    def admit(self) -> None:
        """Counts one more who watches, until ``leave``. Raises ``Overloaded`` if there are too many; nobody
        is sent away for a new one.
        """
        if self.watchers >= self._max:
            metrics.LIVE_REFUSED.inc()
            fault = Overloaded(f"{self._max} clients watch already")
            fault.retry_after_s = random.uniform(RETRY_MAX_S, BYE_SPREAD_S)  # noqa: S311 - no secret
            raise fault
        self.watchers += 1
        metrics.LIVE_WATCHERS.set(self.watchers)

    def leave(self, watcher: Watcher | None) -> None:
        """Forgets one who was admitted."""
        self.watchers -= 1
        metrics.LIVE_WATCHERS.set(self.watchers)
        if watcher is None:
            return
        watcher.left = True
        now = asyncio.get_running_loop().time()
        for sub in watcher.subs:
            sub.hub.leave(sub, now)
        watcher.subs.clear()
        self._slots[watcher.slot].discard(watcher)

    async def watch(self, watcher: Watcher, asked: Mapping[int, Asked]) -> None:
        """Lets an admitted watcher watch these shows, of which ``refusal`` said nothing. Raises
        ``Unavailable``.

        A show may have been deleted or forgotten since. If none of the shows is left, the answer ends: a
        client that comes back is told why, and one that stayed would wait for ever.
        """
        watcher.slot = self._admitted = (self._admitted + 1) % HEARTBEAT_S
        self._slots[watcher.slot].add(watcher)
        for show_id, position in asked.items():
            if isinstance(position, Position):
                watcher.know(show_id, str(position))  # the first show that is told must not hide the others
        for show_id, position in asked.items():
            hub = await self.find(show_id)
            if watcher.left:
                return
            if isinstance(hub, Hub):
                await hub.join(watcher, position)
                if hub.show.closed:
                    self._part(hub, watcher)
        watcher.begun = True
        self._finish_if_over(watcher)

    async def find(self, show_id: int) -> Hub | Refused:
        """The hub of a show; or why the show cannot be watched. Raises ``Unavailable``."""
        hub = self._hubs.get(show_id) or await self._load(show_id)
        if hub is None or hub.show.closed == "deleted":
            return Refused(RefusalCode.SHOW_NOT_FOUND)
        return Refused(NOT_LIVE) if hub.show.closed == "not_live" else hub

    async def refusal(self, show_ids: Iterable[int]) -> Refused | None:
        """Why one of these shows cannot be watched; None: each can. Raises ``Unavailable``."""
        for show_id in show_ids:
            found = await self.find(show_id)
            if isinstance(found, Refused):
                return found
        return None

    def retry_s(self) -> float:
        """After how many seconds a client comes back whose connection is lost."""
        return random.uniform(RETRY_MIN_S, RETRY_MAX_S)  # noqa: S311 - no secret

    def goodbye(self, watcher: Watcher) -> None:
        """Ends the answer to a watcher, because the server ends; each client comes back at another time."""
        if not watcher.left:
            self._goodbyes += 1
            watcher.goodbye(RETRY_MIN_S + self._goodbyes * _GOLDEN % 1 * BYE_SPREAD_S)
            watcher.left = True

    async def goodbye_to_all(self) -> None:
        """Ends all answers."""
        for slot in self._slots:
            for number, watcher in enumerate(tuple(slot), 1):
                self.goodbye(watcher)
                if number % 500 == 0:
                    await asyncio.sleep(0)

    def _part(self, hub: Hub, watcher: Watcher) -> None:
        """Ends what a watcher has of a closed show; with its last show the answer ends."""
        for sub in [sub for sub in watcher.subs if sub.hub is hub]:
            watcher.subs.remove(sub)
            hub.leave(sub, asyncio.get_running_loop().time())
        self._finish_if_over(watcher)

    def _finish_if_over(self, watcher: Watcher) -> None:
        if watcher.begun and not watcher.subs and not watcher.left:
            watcher.finish()
            watcher.left = True

    def _closed(self, hub: Hub) -> None:
        """Watchers were told that nothing more follows."""
        if hub.show.closed == "deleted":
            self._hubs.pop(hub.show.show_id, None)
        for sub in (*hub.current, *hub.stale):
            self._part(hub, sub.watcher)

    # Shows ---------------------------------------------------------------------------------------

    async def _load(self, show_id: int) -> Hub | None:
        """The hub, which one caller loads for all who ask at once."""
        task = self._loading.get(show_id)
        if task is None:
            task = self._loading[show_id] = asyncio.create_task(self._begin(show_id))
            task.add_done_callback(lambda _: self._loading.pop(show_id, None))
        return await asyncio.shield(task)

    async def _begin(self, show_id: int) -> Hub | None:
        loaded = await load(self._store, show_id)
        if loaded is None:
            return None
        hub = Hub(LiveShow(show_id, loaded), self._store, self._reader, self._pace, self._closed)
        hub.idle_since = asyncio.get_running_loop().time()
        self._hubs[show_id] = hub
        hub.wake()  # what happened between the load and now had no hub to notice
        return hub

    def _notice(self, changed: Mapping[int, int]) -> None:
        for show_id in changed.keys() & self._hubs.keys():
            self._hubs[show_id].wake()

    def _compare(self) -> None:
        """Marks may have been lost: all shows are compared with the database."""
        task = asyncio.create_task(self._compare_all())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _compare_all(self) -> None:
        wanted = {show_id: hub.show.position for show_id, hub in self._hubs.items()}
        with suppress(Unavailable):
            for show_id, tail in (await self._reader.tails(wanted, 1)).items():
                if (tail.forked or tail.events) and (hub := self._hubs.get(show_id)):
                    hub.wake()

    # Now and then --------------------------------------------------------------------------------

    async def _look_loop(self) -> None:
        turn = 0
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            turn += 1
            try:
                self._look(turn)
            except Exception:  # noqa: BLE001 - the next look may do better
                _log.exception("the watchers of live seats cannot be looked at")

    def _look(self, turn: int) -> None:
        now = asyncio.get_running_loop().time()
        for hub in tuple(self._hubs.values()):
            for watcher in hub.catch_up_stale(now) if hub.stale else ():
                watcher.abort()
        if turn * LOOK_EVERY_S % 1 == 0:
            for watcher in tuple(self._slots[int(turn * LOOK_EVERY_S) % HEARTBEAT_S]):
                watcher.beat()
            self._forget_idle(now)

    def _forget_idle(self, now: float) -> None:
        idle = sorted((h for h in self._hubs.values() if not h.watched), key=lambda hub: hub.idle_since)
        places = sum(hub.show.places for hub in idle)
        for hub in idle:
            if now - hub.idle_since > IDLE_MAX_S or places > IDLE_PLACES_MAX:
                places -= hub.show.places
                del self._hubs[hub.show.show_id]
