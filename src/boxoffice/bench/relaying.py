"""What the relay carries: events a second out of a backlog, and how late events are at a given load."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from time import monotonic
from typing import Final, NamedTuple

from boxoffice.engine.engine import BookingEngine
from boxoffice.feed.events import FeedEvent
from boxoffice.feed.runtime import Feed
from boxoffice.relay.relay import Relay
from boxoffice.relay.sinks import Broker
from boxoffice.vocabulary.commands import BookSeats

BOOKINGS_PER_S: Final = 2_000
"""The load under which the delay is measured: some hundred shows on sale, or one in a rush."""

TICK_S: Final = 0.01
"""Seconds between two portions of bookings."""


class Carried(NamedTuple):
    """What a relay did. ``lags_s``: for each event, from its time in the database to its acknowledgement."""

    events: int
    took_s: float
    lags_s: list[float]

    @property
    def per_s(self) -> float:
        """Events a second."""
        return self.events / self.took_s

    def percentile(self, share: float) -> float:
        """The lag in seconds that this share of the events does not exceed."""
        return sorted(self.lags_s)[min(int(share * len(self.lags_s)), len(self.lags_s) - 1)]


class TimedRelay(Relay):
    """A relay that notes when each event was acknowledged."""

    def __init__(self, feed: Feed, consumer: str, broker: Broker) -> None:
        super().__init__(feed, consumer, broker, personal=False)
        self.lags_s: list[float] = []
        self._wanted = 0
        self._level = asyncio.Event()

    async def deliver(self, events: Sequence[FeedEvent]) -> None:
        """Send events, and note how old they are."""
        await super().deliver(events)
        now = datetime.now(UTC)
        self.lags_s += [(now - event.at).total_seconds() for event in events]
        if len(self.lags_s) >= self._wanted:
            self._level.set()

    async def until(self, events: int) -> None:
        """Returns when so many events were acknowledged."""
        self._wanted = events
        if len(self.lags_s) < events:
            self._level.clear()
            await self._level.wait()


async def carried(feed: Feed, consumer: str, broker: Broker, events: int) -> Carried:
    """How fast a relay brings a backlog of so many events to a broker that has none of them."""
    await feed.cursors.create(consumer, "relay", from_start=True)
    relay = TimedRelay(feed, consumer, broker)
    begun = monotonic()
    relay.start()
    await relay.until(events)
    took_s = monotonic() - begun
    await relay.stop()
    return Carried(events, took_s, relay.lags_s)


async def lagged(
    feed: Feed, consumer: str, broker: Broker, engine: BookingEngine, shows: Sequence[int], seconds: int
) -> Carried:
    """How late events are while so many bookings are made: ``BOOKINGS_PER_S``, spread over the shows."""
    await feed.cursors.create(consumer, "relay")
    relay = TimedRelay(feed, consumer, broker)
    relay.start()
    bookings = BOOKINGS_PER_S * seconds
    begun = monotonic()
    tasks: list[asyncio.Task[object]] = []
    while len(tasks) < bookings:
        due = min(int((monotonic() - begun) * BOOKINGS_PER_S), bookings)
        numbers = range(len(tasks), due)
        tasks += [asyncio.create_task(_book(engine, shows[number % len(shows)])) for number in numbers]
        await asyncio.sleep(TICK_S)
    await asyncio.gather(*tasks)
    await relay.until(bookings)
    took_s = monotonic() - begun
    await relay.stop()
    return Carried(bookings, took_s, relay.lags_s)


async def _book(engine: BookingEngine, show_id: int) -> object:
    return await engine.execute(BookSeats(show_id=show_id, actor="bench", user_id=1, seat_count=1))
