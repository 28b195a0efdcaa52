"""A feed on a test's database, and a follower that writes down what it reads."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from boxoffice.engine.engine import BookingEngine
from boxoffice.feed.events import START, FeedEvent, Position
from boxoffice.feed.leases import Leases
from boxoffice.feed.pump import Pump
from boxoffice.feed.runtime import Feed, open_feed
from tests.support.settings import settings_for


@asynccontextmanager
async def feed_on(dsn: str, engine: BookingEngine | None = None) -> AsyncIterator[Feed]:
    """A running feed. Without ``engine`` it sees the changes of other processes alone: by its marks."""
    async with open_feed(settings_for(dsn, DB_POOL_MAX=6), engine) as feed:
        yield feed


class Notebook:
    """A follower without cursors: reads every show that changes from its first event on, as a hub would."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._dirty: set[int] = set()
        self._wake = asyncio.Event()
        self.events: dict[int, list[FeedEvent]] = {}
        self.compared = asyncio.Event()
        feed.reader.follow(self._notice, self._lost)

    def _notice(self, changed: Mapping[int, int]) -> None:
        self._dirty |= changed.keys()
        self._wake.set()

    def _lost(self) -> None:
        self.compared.set()

    async def read_until(self, show_id: int, seq: int) -> list[FeedEvent]:
        """The events of the show, as soon as this number is among them. Fails after 10 s."""
        async with asyncio.timeout(10):
            while not self.events.get(show_id) or self.events[show_id][-1].seq < seq:
                await self._wake.wait()
                self._wake.clear()
                await self._read()
        return self.events[show_id]

    async def _read(self) -> None:
        wanted = {show: self._at(show) for show in self._dirty}
        self._dirty.clear()
        for show, tail in (await self._feed.reader.tails(wanted, 100)).items():
            assert not tail.forked
            self.events.setdefault(show, []).extend(tail.events)
            if tail.more:
                self._dirty.add(show)
                self._wake.set()

    def _at(self, show_id: int) -> Position:
        known = self.events.get(show_id)
        return known[-1].position if known else START


async def notebook_of(feed: Feed) -> Notebook:
    """A notebook that follows from now on: the reader has looked since, so every later mark is told."""
    notebook = Notebook(feed)
    async with asyncio.timeout(10):
        await notebook.compared.wait()
    return notebook


class Shop:
    """A consumer that writes down what a pump brings. ``broken``: what the next deliveries raise."""

    def __init__(self) -> None:
        self.events: list[FeedEvent] = []
        self.under_way = 0
        self.forks: list[tuple[int, Position]] = []
        self.broken: list[Exception] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def deliver(self, events: Sequence[FeedEvent]) -> None:
        """Takes the events."""
        self.under_way += 1
        try:
            await self.gate.wait()
        finally:
            self.under_way -= 1
        if self.broken:
            raise self.broken.pop(0)
        self.events += events

    async def tell_fork(self, show_id: int, has: Position) -> None:
        """Notes a fork."""
        self.forks.append((show_id, has))

    @property
    def ids(self) -> list[str]:
        """The ids in the order in which they came."""
        return [event.id for event in self.events]


@asynccontextmanager
async def pump_to(feed: Feed, shop: Shop, consumer: str = "shop") -> AsyncIterator[Leases]:
    """A running pump to the shop, with leases of its own."""
    leases = Leases(feed.store, consumer)
    pump = Pump(feed.reader, feed.cursors, leases, consumer, shop.deliver, shop.tell_fork)
    await leases.renew()
    pump.start()
    try:
        yield leases
    finally:
        await pump.stop()
        await leases.stop()
