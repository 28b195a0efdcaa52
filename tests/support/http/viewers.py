"""Those who watch seats live, and the two servers that they watch on, in this process."""

import asyncio
import json
import socket
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any, Final, Self, cast

import httpx
import uvicorn
from litestar import Litestar

from boxoffice.feed.runtime import open_feed
from boxoffice.live.house import House
from boxoffice.live.service import house_of
from boxoffice.live.worker import LiveServer
from boxoffice.serve.app import create_app
from boxoffice.serve.protocol import Connection
from boxoffice.serve.settings import ProgramSettings
from boxoffice.web.http.services import services_of
from tests.support.engine.eventually import eventually
from tests.support.http.api import Api

TOLD_MAX_S: Final = 20.0
"""Longest wait for an event, in seconds: far above any tick."""

READ_MAX: Final = 1_000_000
"""Bytes of the longest line that is read."""

Json = dict[str, Any]


def unpacked(states: str, total: int) -> list[int]:
    """The state of each place of a snapshot."""
    packed = b64decode(states)
    assert len(packed) == (total + 3) // 4
    return [packed[place >> 2] >> (place & 3) * 2 & 3 for place in range(total)]


class Viewer:
    """A client of one show, which keeps a map as a page would: it drops what it knows already.

    ``show_id``: the show of which it keeps the map, if the stream tells of several. ``transport``: its end of
    the connection, which can be paused.
    """

    def __init__(
        self,
        status: int,
        headers: dict[str, str],
        reader: asyncio.StreamReader,
        transport: asyncio.Transport,
    ) -> None:
        self.status = status
        self.headers = headers
        self.transport = transport
        self.show_id = 0
        self._reader = reader
        self.map: list[int] = []
        self.seq = 0
        self.id = ""
        self.retries: list[int] = []
        self.names: list[str] = []

    async def next(self) -> tuple[str, Json]:
        """The next event. Raises ``EOFError`` when the stream ends."""
        name, data = "", ""
        async with asyncio.timeout(TOLD_MAX_S):
            async for line in self._lines():
                field, _, value = line.partition(": ")
                if field == "event":
                    name = value
                elif field == "data":
                    data = value
                elif field == "id":
                    self.id = value
                elif field == "retry":
                    self.retries.append(int(value))
                elif not line and name:
                    return self._take(name, json.loads(data))
        raise EOFError

    async def _lines(self) -> AsyncIterator[str]:
        """The lines of the events. Those that end with both marks are of HTTP: they frame the chunks."""
        while line := await self._reader.readline():
            if line == b"0\r\n":
                return
            if not line.endswith(b"\r\n"):
                yield line.decode().removesuffix("\n")

    async def until(self, seq: int) -> None:
        """Reads until the map is that of event ``seq``, or a later one."""
        while self.seq < seq:
            await self.next()

    def _take(self, name: str, told: Json) -> tuple[str, Json]:
        self.names.append(name)
        if self.show_id and told.get("show_id") != self.show_id:
            return name, told
        if name == "snapshot":
            self.seq, self.map = told["seq"], unpacked(told["states"], told["total_seats"])
        elif name == "show":
            total = told["total_seats"]
            self.map = self.map[:total] + [0] * (total - len(self.map))
        if name == "seats" and told["seq"] > self.seq:
            assert told["after"] <= self.seq or not self.map, "a hole"
            self.seq = told["seq"]
            for state, key in enumerate(("free", "taken", "blocked") if self.map else ()):
                for first, last in told[key]:
                    self.map[first - 1 : last] = [state] * (last - first + 1)
        if self.map and name in ("snapshot", "seats"):
            assert self.map.count(0) == told["available"] or told["seq"] < self.seq
        return name, told


@asynccontextmanager
async def viewed(
    url: str, path: str, buffer_bytes: int | None = None, /, **headers: str
) -> AsyncIterator[Viewer]:
    """A stream of a server. ``buffer_bytes``: how much the system keeps for a client that does not read."""
    client = socket.socket()
    if buffer_bytes is not None:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
    client.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", int(url.rpartition(":")[2])))
    except BaseException:
        client.close()
        raise
    reader, writer = await asyncio.open_connection(sock=client, limit=READ_MAX)
    try:
        fields = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n".encode())
        async with asyncio.timeout(TOLD_MAX_S):
            status, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        told = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        yield Viewer(int(status.split(" ")[1]), told, reader, cast(asyncio.Transport, writer.transport))
    finally:
        writer.transport.abort()


class Site:
    """A server of live seats beside the whole API. ``house``: where live seats are kept."""

    def __init__(self, api: Api, url: str, house: House) -> None:
        self.api = api
        self.url = url
        self.house = house

    def view(self, path: str, **headers: str) -> AbstractAsyncContextManager[Viewer]:
        """A stream."""
        return viewed(self.url, path, **headers)

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """The whole answer."""
        async with httpx.AsyncClient(timeout=TOLD_MAX_S) as client:
            return await client.get(f"{self.url}{path}", headers=headers)

    async def watched_by(self, number: int) -> None:
        """Returns when so many watch."""

        async def holds() -> bool:
            return self.house.watchers == number

        await eventually(holds, f"{number} watch, and not {self.house.watchers}")


class Serving:
    """The application behind our HTTP server."""

    def __init__(self, app: Litestar, server: uvicorn.Server, port: int) -> None:
        self.app = app
        self.server = server
        self.port = port

    @classmethod
    @asynccontextmanager
    async def begun(cls, settings: ProgramSettings) -> AsyncIterator[Self]:
        """The server, until the end of the block or until ``server.should_exit`` is set."""
        app = create_app(settings)
        config = uvicorn.Config(
            app, http=Connection, ws="none", lifespan="on", log_config=None, proxy_headers=False
        )
        server = uvicorn.Server(config)

        async def started() -> bool:
            return server.started

        with socket.socket(proto=socket.IPPROTO_TCP) as listener:
            listener.bind(("127.0.0.1", 0))
            port = listener.getsockname()[1]
            serving = asyncio.create_task(server.serve([listener]))
            await eventually(started, "a server that listens")
            try:
                yield cls(app, server, port)
            finally:
                server.should_exit = True
                await serving


@asynccontextmanager
async def site_in_serve(settings: ProgramSettings) -> AsyncIterator[Site]:
    """``serve``, which has live seats among all else."""
    async with Serving.begun(settings) as serving:
        url = f"http://127.0.0.1:{serving.port}"
        async with httpx.AsyncClient(base_url=url, timeout=TOLD_MAX_S) as client:
            yield Site(Api(client), url, house_of(services_of(serving.app)))


@asynccontextmanager
async def site_alone(settings: ProgramSettings, connections_max: int | None = None) -> AsyncIterator[Site]:
    """A process of ``boxoffice live``, and beside it the API that sells."""
    loop = asyncio.get_running_loop()
    server = LiveServer(settings, connections_max or settings.live.connections_max)
    async with (
        site_in_serve(settings) as other,
        open_feed(settings) as feed,
        server.house.open(feed.reader, feed.store),
    ):
        accepting = await loop.create_server(server.connect, "127.0.0.1", 0)
        port = accepting.sockets[0].getsockname()[1]
        try:
            yield Site(other.api, f"http://127.0.0.1:{port}", server.house)
        finally:
            accepting.close()
            with suppress(asyncio.CancelledError):
                await server.drain()
