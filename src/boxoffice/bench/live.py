"""What it costs to let thousands watch a show: memory a watcher, and CPU time a frame and watcher.

Three servers are measured one after another, each in a process of its own: the bare protocol, which writes
the same bytes to all transports and is the floor; ``boxoffice live``; and ``serve``. Events come from memory,
so that the figures are those of the way to the watchers. Run with ``python -m boxoffice.bench.live``.
"""

import asyncio
import os
import resource
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from time import process_time
from typing import Any, Final, cast

import msgspec
import uvicorn
import uvloop
from msgspec import Struct

from boxoffice.database.store import Store
from boxoffice.feed.events import FeedEvent, Position
from boxoffice.feed.tails import Tail
from boxoffice.live.house import House
from boxoffice.live.service import house_of
from boxoffice.live.worker import LiveServer
from boxoffice.serve.app import create_app
from boxoffice.serve.protocol import Connection
from boxoffice.serve.settings import ProgramSettings
from boxoffice.settings.settings import load_settings
from boxoffice.web.http.services import services_of

WATCHERS: Final = 5_000
"""Clients that watch, unless the command says another number: as many as a process of ``serve`` lets in."""

FRAMES: Final = 40
"""Frames that each client gets: enough that a collection of garbage more or less does not show."""

CONNECT_AT_ONCE: Final = 200
"""Clients that connect at one time, far below the queue of a listening socket."""

PLACES: Final = 1_000
"""Places of the show: a theatre. Only the first frame depends on it."""

WAYS: Final = ("bare", "live", "serve")

_START: Final = datetime(2030, 1, 1, tzinfo=UTC)
_REQUEST: Final = b"GET /api/shows/1/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
_HEAD: Final = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"


class Figures(Struct):
    """``watchers`` were told ``frames`` events each; ``arrived``: the frames that all of them got."""

    way: str
    watchers: int
    frames: int
    arrived: int
    kb_a_watcher: float
    us_a_send: float


class _Memory:
    """A show whose events are made here: each frame sells one place, or gives it back."""

    def __init__(self) -> None:
        self.events: list[FeedEvent] = []
        self._notice: Callable[[Mapping[int, int]], None] = lambda _: None

    async def read(self, *_: object) -> list[dict[str, object]]:
        """The row of ``live_show.sql``."""
        row = {"name": "Show", "start_time": _START, "live": True, "total_seats": PLACES, "seq": 1}
        return [row | {"link": b"\1" * 32, "archived": False, "taken": "0" * PLACES, "blocked": []}]

    async def tail(self, _: int, after: Position, limit: int) -> Tail:
        """What follows a position."""
        return Tail(self.events[after.seq - 1 :][:limit])

    async def tails(self, *_: object) -> dict[int, Tail]:
        """Nothing was missed."""
        return {}

    def follow(self, notice: Callable[[Mapping[int, int]], None], _: object) -> Callable[[], None]:
        """Takes the one who is told."""
        self._notice = notice
        return lambda: None

    def happen(self) -> None:
        """One more event."""
        seq = len(self.events) + 2
        kind = "cancelled" if seq % 2 else "booked"
        place, link = (1 + seq // 2 % PLACES,), seq.to_bytes(32)
        self.events.append(FeedEvent(1, seq, kind, 1, 1, place, "bench", _START, "{}", link, b""))
        self._notice({1: seq})


class _Bare(asyncio.Protocol):
    """The floor: a head for each request, and the same bytes for all."""

    __slots__ = ("transport",)
    all: Final[set[asyncio.Transport]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Counts in."""
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, _: bytes) -> None:
        """Answers with a head and a first frame."""
        self.transport.write(_HEAD + b"event: snapshot\n\n")
        self.all.add(self.transport)

    def connection_lost(self, _: Exception | None) -> None:
        """Counts out."""
        self.all.discard(self.transport)


async def _serve_bare(_: AsyncExitStack) -> tuple[int, Callable[[], None]]:
    server = await asyncio.get_running_loop().create_server(_Bare, "127.0.0.1", 0)
    frame = b"x" * 190 + b"event: s\n\n"

    def send() -> None:
        for transport in _Bare.all:
            transport.write(frame)

    return server.sockets[0].getsockname()[1], send


async def _serve_live(open_: AsyncExitStack) -> tuple[int, Callable[[], None]]:
    memory, settings = _Memory(), _settings()
    server = LiveServer(settings, 1_000_000)
    await open_.enter_async_context(server.house.open(memory, cast(Store, memory)))
    listening = await asyncio.get_running_loop().create_server(server.connect, "127.0.0.1", 0)
    return listening.sockets[0].getsockname()[1], memory.happen


async def _serve_all(open_: AsyncExitStack) -> tuple[int, Callable[[], None]]:
    memory, settings = _Memory(), _settings()
    app = create_app(settings)
    house: House = house_of(services_of(app))
    await open_.enter_async_context(house.open(memory, cast(Store, memory)))
    config = uvicorn.Config(
        app, port=0, http=Connection, ws="none", lifespan="off", log_config=None, proxy_headers=False
    )
    server = uvicorn.Server(config)
    open_.callback(asyncio.create_task(server.serve()).cancel)
    while not server.started:  # noqa: ASYNC110 - uvicorn tells nobody
        await asyncio.sleep(0.01)
    return server.servers[0].sockets[0].getsockname()[1], memory.happen


_SERVERS: Final[dict[str, Callable[[AsyncExitStack], Awaitable[tuple[int, Callable[[], None]]]]]] = {
    "bare": _serve_bare,
    "live": _serve_live,
    "serve": _serve_all,
}


def _settings() -> ProgramSettings:
    texts = {
        "LOG_LEVEL": "error",
        "LIVE_CONNECTIONS_MAX": "1000000",
        "LIVE_BYTES_PER_SECOND_MAX": "9000000000",
    }
    return load_settings(ProgramSettings, texts)


async def _be_server(way: str) -> None:
    """A server that is told by lines what to do: ``rss`` or ``frames N``."""
    async with AsyncExitStack() as open_:
        port, send = await _SERVERS[way](open_)
        lines = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
        print(port, flush=True)  # noqa: T201 - its answer
        while line := await lines.readline():
            began = process_time()
            for _ in range(int(line)):
                send()
                await asyncio.sleep(0.3)  # a frame a tick: the next waits until all have this one
            print(msgspec.json.encode((process_time() - began, _rss_kb())).decode(), flush=True)  # noqa: T201 - its answer


def _rss_kb() -> float:
    with open("/proc/self/statm") as file:  # noqa: PTH123 - one word of the kernel
        return int(file.read().split()[1]) * resource.getpagesize() / 1_024


class _Client(asyncio.Protocol):
    """A watcher, which counts frames by their ends."""

    def __init__(self, tally: list[int]) -> None:
        self._tally = tally

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asks."""
        cast(asyncio.Transport, transport).write(_REQUEST)

    def data_received(self, data: bytes) -> None:
        """Counts."""
        self._tally[0] += data.count(b"event: s")


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - answers of another process
            await asyncio.sleep(0.05)


async def _quiet(tally: list[int]) -> None:
    """Returns when nothing more arrives. Events of a tick come in one frame, so there may be fewer frames."""
    before = -1
    while before < tally[0]:
        before = tally[0]
        await asyncio.sleep(1)  # answers of another process


async def measure(way: str, watchers: int, frames: int) -> Figures:
    """The figures of one server."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "boxoffice.bench.live", way),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ},
    )
    assert child.stdin is not None
    assert child.stdout is not None

    async def told(number: int) -> Any:
        child.stdin.write(b"%d\n" % number)  # type: ignore[union-attr]
        return msgspec.json.decode(await child.stdout.readline())  # type: ignore[union-attr]

    port, tally, loop = int(await child.stdout.readline()), [0], asyncio.get_running_loop()
    [first, *_] = [await loop.create_connection(lambda: _Client(tally), "127.0.0.1", port)]
    await _until(lambda: tally[0] >= 1)
    _, before_kb = await told(0)
    transports = [first[0]]
    while len(transports) < watchers + 1:
        batch = min(CONNECT_AT_ONCE, watchers + 1 - len(transports))
        made = (loop.create_connection(lambda: _Client(tally), "127.0.0.1", port) for _ in range(batch))
        transports += [transport for transport, _ in await asyncio.gather(*made)]
    await _until(lambda: tally[0] >= watchers + 1)
    _, after_kb = await told(0)
    idle_s, _ = await told(0)
    tally[0] = 0
    spent_s, _ = await told(frames)
    await _quiet(tally)
    for transport in transports:
        transport.abort()
    child.stdin.close()
    child.kill()
    await child.wait()
    us = (spent_s - idle_s) / tally[0] * 1e6
    return Figures(way, watchers, frames, tally[0], round((after_kb - before_kb) / watchers, 2), round(us, 1))


async def _main(watchers: int) -> None:
    for way in WAYS:
        print(msgspec.json.encode(await measure(way, watchers, FRAMES)).decode(), flush=True)  # noqa: T201 - its answer


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in WAYS:
        uvloop.run(_be_server(sys.argv[1]))
    else:
        uvloop.run(_main(int(sys.argv[1]) if sys.argv[1:] else WATCHERS))
