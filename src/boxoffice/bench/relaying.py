"""A program that tells the events of a show: out of a backlog, then as they come.

It makes the bookings itself, as a process of ``serve`` does that takes part in the relay.
"""

import asyncio
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from time import perf_counter
from typing import Protocol
from uuid import uuid4

import msgspec
import uvloop
from msgspec import Struct

from boxoffice.bench import pacing, programs
from boxoffice.bench.client import latency_of
from boxoffice.bench.load import environment
from boxoffice.bench.plan import CROWD
from boxoffice.bench.results import Sample
from boxoffice.bench.servers import server_environment
from boxoffice.engine.engine import BookingEngine
from boxoffice.engine.runtime import open_engine
from boxoffice.feed.events import FeedEvent, Position
from boxoffice.feed.leases import Leases
from boxoffice.feed.pump import Pump
from boxoffice.feed.runtime import Feed, open_feed
from boxoffice.relay.relay import Relay, brokers_of
from boxoffice.relay.settings import RelaySettings
from boxoffice.settings.settings import Settings, load_settings
from boxoffice.settings.texts import Secret
from boxoffice.vocabulary.commands import BookSeats
from boxoffice.vocabulary.outcomes import BookingDone


class Job(Struct, frozen=True, kw_only=True):
    """So many bookings of a show are a backlog before anything is told, so many ``come`` while it is told.

    ``url``: the broker that is told; None: a consumer in the program, which does nothing with the events.
    """

    show_id: int
    backlog: int
    come: int
    url: str | None = None


class Told(Struct, frozen=True):
    """Events a second out of the backlog; and at the steady pace, with the delay of each event."""

    backlog: Sample
    steady: Sample


class Tally:
    """What was told of a show: how late, and whether each event came once and in its turn."""

    def __init__(self) -> None:
        self.late_s: list[float] = []
        self.out_of_turn = 0
        self._last: int | None = None
        self._wanted = 0
        self._level = asyncio.Event()

    async def deliver(self, events: Sequence[FeedEvent]) -> None:
        """Takes events; ``at`` is the time at which their show was locked, on the same machine."""
        now = datetime.now(UTC)
        for event in events:
            if self._last is not None and event.seq != self._last + 1:
                self.out_of_turn += 1
            self._last = event.seq
            self.late_s.append((now - event.at).total_seconds())
        if len(self.late_s) >= self._wanted:
            self._level.set()

    async def tell_fork(self, show_id: int, has: Position) -> None:
        """No history is rewound in a measurement."""
        raise RuntimeError(f"show {show_id} does not continue {has}")

    async def until(self, events: int) -> None:
        """Returns when so many events were told."""
        self._wanted = events
        if len(self.late_s) < events:
            self._level.clear()
            await self._level.wait()


class _Teller(Protocol):
    def start(self) -> None: ...

    async def stop(self) -> None: ...


class _TalliedRelay(Relay):
    """A relay whose tally has the events that its broker has acknowledged."""

    tally: Tally

    async def deliver(self, events: Sequence[FeedEvent]) -> None:
        await super().deliver(events)
        await self.tally.deliver(events)


class _Consumer:
    """The feed's own consumer."""

    def __init__(self, feed: Feed, name: str, tally: Tally) -> None:
        self._leases = Leases(feed.store, name, self._compare)
        self._pump = Pump(feed.reader, feed.cursors, self._leases, name, tally.deliver, tally.tell_fork)

    def _compare(self) -> None:
        self._pump.compare()

    def start(self) -> None:
        self._leases.start()
        self._pump.start()

    async def stop(self) -> None:
        await self._pump.stop()
        await self._leases.stop()


async def tell(dsn: str, job: Job) -> Told:
    """Runs the job as a program of its own. Raises ``BenchError``."""
    output = await programs.run(
        [sys.executable, "-m", __name__],
        seconds=(job.backlog + job.come) / pacing.PER_S,
        env=environment(**server_environment() | {"DATABASE_URL": dsn}),
        given=msgspec.json.encode(job),
    )
    return msgspec.json.decode(output.rpartition("\n")[2], type=Told)


async def run(settings: Settings, job: Job) -> Told:
    """Books, and tells what was booked."""
    name, tally = f"bench-{uuid4().hex[:8]}", Tally()
    async with AsyncExitStack() as stack:
        engine, _ = await stack.enter_async_context(open_engine(settings, sweep=False))
        feed = await stack.enter_async_context(open_feed(settings, engine))
        await feed.cursors.create(name, "relay")
        await pacing.crowd(lambda: _book(engine, job.show_id), CROWD, job.backlog)
        teller = _teller(feed, name, tally, job.url)
        teller.start()
        stack.push_async_callback(feed.cursors.drop, name)
        stack.push_async_callback(teller.stop)
        backlog_s = await _until(tally, job.backlog)
        began = perf_counter()
        await pacing.steady(lambda: _book(engine, job.show_id), job.come)
        await _until(tally, job.backlog + job.come)
        steady_s = perf_counter() - began
    return Told(
        _sample(tally, job.backlog, backlog_s, slice(0)),
        _sample(tally, job.come, steady_s, slice(job.backlog, None)),
    )


async def _until(tally: Tally, events: int) -> float:
    began = perf_counter()
    await tally.until(events)
    return perf_counter() - began


def _teller(feed: Feed, name: str, tally: Tally, url: str | None) -> _Teller:
    if url is None:
        return _Consumer(feed, name, tally)
    [(_, broker)] = brokers_of(RelaySettings(urls=Secret(url)), feed)
    relay = _TalliedRelay(feed, name, broker, personal=False)
    relay.tally = tally
    return relay


def _sample(tally: Tally, events: int, seconds: float, late: slice) -> Sample:
    return Sample(
        seconds=seconds,
        rate=events / seconds,
        effects={"booked": events},
        latency=latency_of(tally.late_s[late]),
        broken={"events out of turn": tally.out_of_turn} if tally.out_of_turn else {},
    )


async def _book(engine: BookingEngine, show_id: int) -> None:
    command = BookSeats(show_id=show_id, actor="bench", user_id=1, seat_count=1)
    if not isinstance(outcome := await engine.execute(command), BookingDone):
        raise RuntimeError(f"a booking of the measurement was refused: {outcome.code}")


if __name__ == "__main__":
    spec = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(run(load_settings(Settings), spec))))
