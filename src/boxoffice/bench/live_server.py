"""A server that thousands watch, as a process of its own, whose events are made in its memory.

So its figures are those of the way to the watchers. The bare protocol writes the same bytes to all transports
and is the floor. Run with the name of a way; lines on its input say what to do.
"""

import asyncio
import itertools
import resource
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from time import perf_counter, process_time
from typing import Final, cast

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
from boxoffice.serve.process import BACKLOG_CONNECTIONS
from boxoffice.serve.protocol import Connection
from boxoffice.serve.settings import ProgramSettings
from boxoffice.settings.settings import load_settings
from boxoffice.web.http.services import services_of

PLACES: Final = 1_000
"""Places of the show: a theatre. Only the first frame depends on it."""

FRAME_BYTES: Final = 200
"""Bytes of a frame of the bare protocol: about as many as a frame of one place has."""

_START: Final = datetime(2030, 1, 1, tzinfo=UTC)
_HEAD: Final = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"


class Answer(Struct, frozen=True):
    """What a server tells when it has sent: its memory, what the frames cost it, when each event happened (by
    ``perf_counter``, which all processes of a machine share), and the number of the last event.
    """

    rss_kb: float
    cpu_s: float
    sent_at: list[float]
    last_seq: int


Send = Callable[[], int]
"""Lets something happen, which all watchers are told; its number."""


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

    def happen(self) -> int:
        """One more event; its number."""
        seq = len(self.events) + 2
        kind = "cancelled" if seq % 2 else "booked"
        place, link = (1 + seq // 2 % PLACES,), seq.to_bytes(32)
        self.events.append(FeedEvent(1, seq, kind, 1, 1, place, "bench", _START, "{}", link, b""))
        self._notice({1: seq})
        return seq


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


async def _serve_bare(_: AsyncExitStack) -> tuple[int, Send]:
    server = await asyncio.get_running_loop().create_server(
        _Bare, "127.0.0.1", 0, backlog=BACKLOG_CONNECTIONS
    )
    numbers = itertools.count(1)

    def send() -> int:
        number = next(numbers)
        frame = (b'event: seats\ndata: {"seq":%d,' % number).ljust(FRAME_BYTES - 2) + b"\n\n"
        for transport in _Bare.all:
            transport.write(frame)
        return number

    return server.sockets[0].getsockname()[1], send


async def _serve_live(open_: AsyncExitStack) -> tuple[int, Send]:
    memory, settings = _Memory(), _settings()
    server = LiveServer(settings, 1_000_000)
    await open_.enter_async_context(server.house.open(memory, cast(Store, memory)))
    listening = await asyncio.get_running_loop().create_server(
        server.connect, "127.0.0.1", 0, backlog=BACKLOG_CONNECTIONS
    )
    return listening.sockets[0].getsockname()[1], memory.happen


async def _serve_all(open_: AsyncExitStack) -> tuple[int, Send]:
    memory, settings = _Memory(), _settings()
    app = create_app(settings)
    house: House = house_of(services_of(app))
    await open_.enter_async_context(house.open(memory, cast(Store, memory)))
    config = uvicorn.Config(
        app,
        port=0,
        backlog=BACKLOG_CONNECTIONS,
        http=Connection,
        ws="none",
        lifespan="off",
        log_config=None,
        proxy_headers=False,
    )
    server = uvicorn.Server(config)
    open_.callback(asyncio.create_task(server.serve()).cancel)
    while not server.started:  # noqa: ASYNC110 - uvicorn tells nobody
        await asyncio.sleep(0.01)
    return server.servers[0].sockets[0].getsockname()[1], memory.happen


_SERVERS: Final[dict[str, Callable[[AsyncExitStack], Awaitable[tuple[int, Send]]]]] = {
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
    """Tells its port. A line with a number and a pause in seconds: so many events, and then an answer."""
    async with AsyncExitStack() as open_:
        port, send = await _SERVERS[way](open_)
        lines = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
        print(port, flush=True)  # noqa: T201 - its answer
        while line := await lines.readline():
            count, pause_s = line.split()
            answer = await _send(send, int(count), float(pause_s))
            print(msgspec.json.encode(answer).decode(), flush=True)  # noqa: T201 - its answer


async def _send(send: Send, count: int, pause_s: float) -> Answer:
    began, seq, sent_at = process_time(), 0, []
    for _ in range(count):
        sent_at.append(perf_counter())
        seq = send()
        await asyncio.sleep(pause_s)  # a frame a tick: the next waits until all have this one
    return Answer(_rss_kb(), process_time() - began, sent_at, seq)


def _rss_kb() -> float:
    with open("/proc/self/statm") as file:  # noqa: PTH123 - one word of the kernel
        return int(file.read().split()[1]) * resource.getpagesize() / 1_024


if __name__ == "__main__":
    uvloop.run(_be_server(sys.argv[1]))
