"""A consumer of the feed in a process of its own: it counts what it is told, and how late."""

import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from time import perf_counter
from typing import Final
from uuid import uuid4

import msgspec
import uvloop
from msgspec import Struct

from boxoffice.bench import programs
from boxoffice.bench.client import latency_of
from boxoffice.bench.load import environment
from boxoffice.bench.results import Sample
from boxoffice.bench.servers import server_environment
from boxoffice.feed.events import FeedEvent, Position
from boxoffice.feed.leases import Leases
from boxoffice.feed.pump import Pump
from boxoffice.feed.runtime import open_feed
from boxoffice.settings.settings import Settings, load_settings


class Job(Struct, frozen=True):
    """For how many seconds the consumer is told."""

    seconds: float


class _Reader:
    def __init__(self) -> None:
        self.late_s: Final[list[float]] = []

    async def deliver(self, events: Sequence[FeedEvent]) -> None:
        """Takes events; ``at`` is the time at which their show was locked, on the same machine."""
        now = datetime.now(UTC)
        self.late_s.extend((now - event.at).total_seconds() for event in events)

    async def tell_fork(self, show_id: int, has: Position) -> None:
        """No history is rewound in a measurement."""
        raise RuntimeError(f"show {show_id} does not continue {has}")


async def follow(dsn: str, seconds: float) -> Sample:
    """Runs a consumer as a program of its own: events a second, and how late each was, from the show's lock
    to the consumer.
    """
    output = await programs.run(
        [sys.executable, "-m", __name__],
        seconds=seconds,
        env=environment(**server_environment() | {"DATABASE_URL": dsn}),
        given=msgspec.json.encode(Job(seconds)),
    )
    return msgspec.json.decode(output, type=Sample)


async def _run(job: Job) -> Sample:
    name, reader = f"bench-{uuid4().hex[:8]}", _Reader()
    async with open_feed(load_settings(Settings)) as feed:
        await feed.cursors.create(name, "relay")
        leases = Leases(feed.store, name)
        await leases.renew()
        pump = Pump(feed.reader, feed.cursors, leases, name, reader.deliver, reader.tell_fork)
        pump.start()
        started = perf_counter()
        await asyncio.sleep(job.seconds)
        seconds = perf_counter() - started
        await pump.stop()
        await feed.cursors.drop(name)
    return Sample(
        seconds=seconds, rate=len(reader.late_s) / seconds, effects={}, latency=latency_of(reader.late_s)
    )


if __name__ == "__main__":
    spec = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(_run(spec))))
