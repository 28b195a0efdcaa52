"""A process of ``boxoffice live``: it lets requests in as ``serve`` does, and answers on raw connections."""

import asyncio
import random
import signal
import socket
from contextlib import suppress
from typing import Any, Final, cast

import structlog
import uvloop
from prometheus_client import CONTENT_TYPE_LATEST

from boxoffice.access.callers import Forbidden
from boxoffice.access.identify import name_of_address
from boxoffice.access.proxies import Proxies
from boxoffice.access.rates import RateLimited
from boxoffice.access.redis_rates import rates_of
from boxoffice.feed.runtime import open_feed
from boxoffice.live import frames
from boxoffice.live.door import POLL_HEADERS, STREAM_HEADERS
from boxoffice.live.house import House
from boxoffice.live.raw import LiveConnection, Request, read_head
from boxoffice.live.refusals import REFUSALS
from boxoffice.live.request import LiveRequest, read_request
from boxoffice.live.settings import LiveSettings
from boxoffice.live.watchers import ManyWatcher, PollWatcher, StreamWatcher, Watcher
from boxoffice.settings.settings import Settings
from boxoffice.telemetry.exposition import exposition
from boxoffice.telemetry.requests import LogIds, begin_request
from boxoffice.vocabulary.faults import Fault, ShuttingDown
from boxoffice.web.edge.cors import cors_of
from boxoffice.web.edge.headers import default_headers
from boxoffice.web.edge.shelter import Shelter, is_of_this_machine
from boxoffice.web.http import head as heads
from boxoffice.web.http import kinds, refusals
from boxoffice.web.http.head import RequestHead
from boxoffice.web.http.problems import Problems
from boxoffice.web.http.raw_answers import RawAnswer, raw_headers
from boxoffice.web.http.troubles import Trouble, of_refused, recorded
from boxoffice.web.http.unreadable import Unreadable

SHARE: Final = 0.6
"""The part of a core that frames may take; the rest is for clients that come and go."""

HEAD_WAIT_MAX_S: Final = 10.0
"""Seconds in which the request must be here; looked at as often, so that a connection has up to 20 s."""

DRAIN_MAX_S: Final = 10.0
"""Seconds in which clients read the last words of a process that ends."""

BACKLOG_CONNECTIONS: Final = 4_096
"""Connections that the kernel keeps until they are accepted: a crowd that comes back at once."""

_HERE: Final = "127.0.0.1"  # the other end of a unix socket is on this machine
_REASONS: Final = {200: b"OK"}

_log: Final = structlog.get_logger(__name__)


class LiveServer:
    """The server of one process."""

    def __init__(self, settings: Settings, connections_max: int) -> None:
        live: LiveSettings = cast(Any, settings).live
        self.house: Final = House(live, SHARE, connections_max)
        self._problems: Final = Problems(kinds.merged([kinds.GENERAL, refusals.REFUSALS, REFUSALS]))
        self._cors: Final = cors_of(settings.server.cors_origins)
        self._shelter: Final = Shelter(self._cors, own_machine=settings.access.auth is None)
        self._proxies: Final = Proxies(settings.access.trusted_proxies, settings.access.trusted_proxy_header)
        self._rates: Final = rates_of(settings.rates)
        self._per_minute: Final = settings.rates.reads_per_minute if settings.authenticates else None
        self._headers: Final = default_headers(https=settings.server.asks_for_https)
        self._early: Final[set[LiveConnection]] = set()
        self._tasks: Final[set[asyncio.Task[None]]] = set()
        self._ends = False

    def connect(self) -> LiveConnection:
        """A new connection."""
        connection = LiveConnection(self._begin, self._over)
        self._early.add(connection)
        return connection

    async def look(self) -> None:
        """Ends connections whose request does not come. Runs until it is cancelled."""
        waiting: set[LiveConnection] = set()
        while True:
            await asyncio.sleep(HEAD_WAIT_MAX_S)
            for connection in waiting & self._early:
                connection.abort()
            waiting = set(self._early)

    async def drain(self) -> None:
        """Ends all answers, and waits until clients have read that."""
        self._ends = True
        await self.house.goodbye_to_all()
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_MAX_S):
                while self.house.watchers:  # noqa: ASYNC110 - once in the life of a process
                    await asyncio.sleep(0.05)

    def _begin(self, connection: LiveConnection, head: bytes) -> None:
        """Takes a request. Only the first frame needs a task, so a watcher costs none."""
        self._early.discard(connection)
        task = asyncio.create_task(self._serve(connection, head))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _over(self, connection: LiveConnection) -> None:
        self._early.discard(connection)
        if isinstance(watcher := connection.visit, Watcher):
            connection.visit = None
            self.house.leave(watcher)

    async def _serve(self, connection: LiveConnection, data: bytes) -> None:
        request_id = f"{random.getrandbits(128):032x}"
        begin_request(LogIds(request_id, ""))
        further = [(b"x-request-id", request_id.encode())]
        try:
            request = read_head(data)
            if request is None:
                raise Unreadable("invalid_request", "This is no request of HTTP/1.1.")
            head = heads.read_head(request.headers)
            further += self._pages(head)
            live = await self._let_in(connection, request, head)
            if isinstance(live, LiveRequest):
                await self._watch(connection, live, further, head_only=request.method == b"HEAD")
            else:
                self._answer(connection, live, further)
        except Exception as error:  # noqa: BLE001 - whatever failed, the client gets an answer
            self._answer(connection, self._problems.raw(recorded(error)), further)

    async def _let_in(
        self, connection: LiveConnection, request: Request, head: RequestHead
    ) -> LiveRequest | RawAnswer:
        """The request, if it may be served; or the answer."""
        head.check()
        path, _, query = request.target.partition(b"?")
        if path == b"/healthz":
            return RawAnswer(503 if self._ends else 200, raw_headers({"Content-Type": "text/plain"}), b"ok\n")
        if path == b"/metrics":
            return await self._metrics(connection, request, head)
        if request.method not in (b"GET", b"HEAD"):
            return self._problems.raw(Trouble("method_not_allowed", headers={"Allow": "GET, HEAD"}))
        if head.has_body:
            raise Unreadable("invalid_request", "A GET has no body.")
        if self._ends:
            raise ShuttingDown("this process ends")
        await self._check(connection, request, head)
        found = read_request(path.decode("latin-1"), query, head.last_event_id)
        return self._problems.raw(Trouble("not_found")) if found is None else found

    async def _check(self, connection: LiveConnection, request: Request, head: RequestHead) -> None:
        """Lets in who may come in. Raises ``Forbidden``, ``RateLimited``."""
        if self._per_minute is None:
            self._shelter.check(_scope(connection, request), head)
            return
        client = self._proxies.client(_address(connection), head.x_forwarded_for, head.forwarded)
        spent = await self._rates.take(f"reads {name_of_address(client)}", self._per_minute)
        if not spent.allowed:
            raise RateLimited("reads", self._per_minute, spent)

    async def _metrics(self, connection: LiveConnection, request: Request, head: RequestHead) -> RawAnswer:
        """The metrics of all processes. There are no keys here, so they are for this machine alone, and not
        through a proxy: as ``serve`` guards everything while AUTH is not set. Raises ``Forbidden``.
        """
        if not is_of_this_machine(_scope(connection, request), head):
            raise Forbidden("The metrics of live seats are told on their own machine alone.")
        headers = raw_headers({"Content-Type": CONTENT_TYPE_LATEST})
        return RawAnswer(200, headers, await asyncio.to_thread(exposition, None))

    async def _watch(
        self, line: LiveConnection, live: LiveRequest, further: list[tuple[bytes, bytes]], *, head_only: bool
    ) -> None:
        self.house.admit()
        watcher: Watcher | None = None
        try:
            refused = await self.house.refusal(live.asked)
            if refused is not None:
                self._answer(line, self._problems.raw(of_refused(refused)), further)
            elif head_only or line.transport.is_closing():
                self._answer(line, RawAnswer(200, raw_headers(STREAM_HEADERS), b""), further)
            elif live.wait_s is not None:
                watcher = await self._wait(line, live, live.wait_s, further)
            else:
                line.visit = watcher = (ManyWatcher if live.many else StreamWatcher)(line)
                line.send(_head(200, [*raw_headers(STREAM_HEADERS), *further, *self._headers], None))
                line.send(frames.retry(self.house.retry_s()))
                await self._first(line, watcher, live)
                return  # the end of the connection is the end of the watcher
        except BaseException:
            if line.visit is None:
                self.house.leave(watcher)
            raise
        self.house.leave(watcher)

    async def _first(self, line: LiveConnection, watcher: Watcher, live: LiveRequest) -> None:
        try:
            await self.house.watch(watcher, live.asked)
        except Fault as fault:
            _log.warning("a stream ends, its client comes back", reason=str(fault))
            line.end(b"")

    async def _wait(
        self, line: LiveConnection, live: LiveRequest, wait_s: int, further: list[tuple[bytes, bytes]]
    ) -> Watcher:
        """Answers with the next events, or with none after ``wait_s`` seconds."""
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        watcher = PollWatcher(answer.set_result, live.after, named=live.many)
        await self.house.watch(watcher, live.asked)
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await asyncio.shield(answer)
        watcher.finish()
        self._answer(line, RawAnswer(200, raw_headers(POLL_HEADERS), await answer), further)
        return watcher

    def _answer(self, line: LiveConnection, answer: RawAnswer, further: list[tuple[bytes, bytes]]) -> None:
        """Sends a whole answer, and ends the connection."""
        headers = [*answer.headers, *further]
        given = {name for name, _ in headers}
        headers += [header for header in self._headers if header[0] not in given]
        line.end(_head(answer.status, headers, len(answer.body)) + answer.body)

    def _pages(self, head: RequestHead) -> list[tuple[bytes, bytes]]:
        """The headers without which a browser hides the answer from the page that asked."""
        cors, origin = self._cors, head.origin
        if cors is None or origin is None or not cors.is_origin_allowed(page := origin.decode("latin-1")):
            return []
        return raw_headers({"Access-Control-Allow-Origin": page} | cors.simple_headers)


def _address(connection: LiveConnection) -> str:
    peer = connection.transport.get_extra_info("peername")
    return peer[0] if isinstance(peer, tuple) else _HERE


def _scope(connection: LiveConnection, request: Request) -> Any:
    """What the shelter asks about a connection."""
    return {
        "http_version": request.version.decode(),
        "client": (_address(connection), 0),
        "method": "GET",
    }


def _head(status: int, headers: list[tuple[bytes, bytes]], length: int | None) -> bytes:
    lines = [b"HTTP/1.1 %d %b" % (status, _REASONS.get(status, b"-")), b"connection: close"]
    if length is not None:
        lines.append(b"content-length: %d" % length)
    seen = dict(reversed(headers))  # the first of each name stands
    lines += [b"%b: %b" % header for header in seen.items()]
    return b"\r\n".join(lines) + b"\r\n\r\n"


async def serve_live_seats(settings: Settings, listener: socket.socket, connections_max: int) -> None:
    """Serves on a socket that listens, until SIGTERM or SIGINT; then says goodbye, and returns."""
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    server = LiveServer(settings, connections_max)
    async with open_feed(settings) as feed, server.house.open(feed.reader, feed.store):
        make = loop.create_unix_server if listener.family == socket.AF_UNIX else loop.create_server
        accepting = await make(server.connect, sock=listener, backlog=BACKLOG_CONNECTIONS)
        look = asyncio.create_task(server.look(), name="live-heads")
        await told.wait()
        accepting.close()
        await server.drain()
        look.cancel()


def run(settings: Settings, listener: socket.socket, connections_max: int) -> None:
    """Runs the server of one process."""
    uvloop.run(serve_live_seats(settings, listener, connections_max))
