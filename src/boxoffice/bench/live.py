"""Watchers of a server: the memory of each, the processor time of a frame, and how late frames come."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Final, NamedTuple, cast

import msgspec

from boxoffice.bench.client import latency_of
from boxoffice.bench.faults import BenchError
from boxoffice.bench.live_server import Answer
from boxoffice.bench.load import environment
from boxoffice.bench.results import Latency, Sample
from boxoffice.postgres.base import ends_with_parent

CONNECT_AT_ONCE: Final = 200
"""Clients that connect at one time, far below the queue of a listening socket."""

PAUSE_S: Final = 0.2
"""Least seconds between two frames, twice the shortest tick of a show."""

PAUSE_A_WATCHER_S: Final = 0.000_05
"""Seconds besides for each watcher. In ``serve`` frames may take a quarter of a core, at 11 us a watcher:
after a shorter pause two events would come in one frame."""

REACHED_MAX_S: Final = 60.0
"""Seconds until all watchers must be connected."""

QUIET_S: Final = 1.0
"""Seconds without a frame after which nothing more is to come."""

LOOK_S: Final = 0.02
"""Pause between two looks at what has arrived, in seconds."""

KEPT_BYTES: Final = 400
"""Bytes that a watcher keeps of what came last: the last frame is among them."""

_REQUEST: Final = b"GET /api/shows/1/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


class Watched(NamedTuple):
    """What a server's watchers cost, and how many of them saw the last event."""

    sample: Sample
    watchers: int
    up_to_date: int


class _Watcher(asyncio.Protocol):
    """A client, which notes when each frame came: frames are counted by their names."""

    def __init__(self) -> None:
        self.came_at: list[float] = []
        self.last = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asks."""
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(_REQUEST)

    def data_received(self, data: bytes) -> None:
        """Notes."""
        self.came_at += [perf_counter()] * data.count(b"event: s")
        self.last = (self.last + data)[-KEPT_BYTES:]


class _Child:
    """A server of its own process, which is told by lines what to do."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.port = 0

    async def send(self, frames: int, pause_s: float = 0.0) -> Answer:
        """Lets so many events happen. Raises ``BenchError`` if the server has ended."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"%d %f\n" % (frames, pause_s))
        return msgspec.json.decode(await self.told(), type=Answer)

    async def told(self) -> bytes:
        """A line that it writes."""
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise BenchError("a server that was watched ended by itself")
        return line


async def watch(way: str, watchers: int, frames: int) -> Watched:
    """So many watchers of one server, which are told so many frames. Raises ``BenchError``."""
    async with _server(way) as server:
        first = await _connected(server.port, 1)  # what only the first one costs is not counted
        before = await server.send(0)
        crowd = await _connected(server.port, watchers)
        after = await server.send(0)
        for one in crowd:
            one.came_at.clear()
        told = await server.send(frames, PAUSE_S + watchers * PAUSE_A_WATCHER_S)
        await _quiet(crowd, frames)
        for one in (*first, *crowd):
            assert one.transport is not None
            one.transport.abort()
    seen = sum(b'"seq":%d,' % told.last_seq in one.last for one in crowd)
    return Watched(_sample(crowd, told, (after.rss_kb - before.rss_kb) / watchers), watchers, seen)


def _sample(crowd: list[_Watcher], told: Answer, kb_each: float) -> Sample:
    arrived = max(sum(len(one.came_at) for one in crowd), 1)
    us = told.cpu_s / arrived * 1e6
    return Sample(
        seconds=told.cpu_s,
        rate=1e6 / us,
        effects={},
        latency=_latency(crowd, told),
        more={"kb_a_watcher": kb_each, "us_a_frame": us, "frames": arrived / len(crowd)},
    )


def _latency(crowd: list[_Watcher], told: Answer) -> Latency | None:
    """How late frames came; None if some events came together, so that nobody knows which frame was whose."""
    if any(len(one.came_at) != len(told.sent_at) for one in crowd):
        return None
    return latency_of(
        [came - sent for one in crowd for came, sent in zip(one.came_at, told.sent_at, strict=True)]
    )


@asynccontextmanager
async def _server(way: str) -> AsyncIterator[_Child]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "boxoffice.bench.live_server", way),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=environment(),
        cwd="/",  # so that the program reads no .env of the caller
        preexec_fn=ends_with_parent(),
    )
    try:
        child = _Child(process)
        child.port = int(await child.told())
        yield child
    finally:
        process.kill()
        await process.wait()


async def _connected(port: int, count: int) -> list[_Watcher]:
    """So many watchers, each with its first frame."""
    crowd: list[_Watcher] = []
    loop = asyncio.get_running_loop()
    while len(crowd) < count:
        batch = range(min(CONNECT_AT_ONCE, count - len(crowd)))
        made = await asyncio.gather(*(loop.create_connection(_Watcher, "127.0.0.1", port) for _ in batch))
        crowd += [watcher for _, watcher in made]
    await _until(lambda: all(one.came_at for one in crowd))
    return crowd


async def _until(condition: Callable[[], bool]) -> None:
    try:
        async with asyncio.timeout(REACHED_MAX_S):
            while not condition():  # noqa: ASYNC110 - answers of another process
                await asyncio.sleep(LOOK_S)
    except TimeoutError:
        raise BenchError(f"not all watchers had a first frame within {REACHED_MAX_S:g} s") from None


async def _quiet(crowd: list[_Watcher], frames: int) -> None:
    """Returns when all have all frames, or when nothing more comes: events of a tick come in one frame."""
    before, waited_s = -1, 0.0
    while waited_s < QUIET_S:
        arrived = sum(len(one.came_at) for one in crowd)
        if arrived == frames * len(crowd):
            return
        waited_s = 0.0 if arrived > before else waited_s + LOOK_S
        before = arrived
        await asyncio.sleep(LOOK_S)
