"""Our HTTP server in this process, before an application that tells what it got, and clients that send bytes.

The application answers each request with a JSON object: its method, path, query, headers and body.
"""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import uvicorn
from litestar.enums import ScopeType
from litestar.types import Receive, Scope, Send
from msgspec import Struct

from boxoffice.serve.protocol import Connection
from boxoffice.web.edge.outermost import Outermost
from boxoffice.web.edge.refused_heads import RefusedHeads
from boxoffice.web.http.raw_answers import RawAnswer, encode, send_raw
from boxoffice.web.http.services import services_of
from boxoffice.web.http.troubles import recorded
from boxoffice.web.http.unreadable import Unreadable
from tests.support.engine.eventually import eventually
from tests.support.http.fixtures import app_without_database
from tests.support.settings import settings_of

ANSWER_MAX_S: Final = 20.0
"""Longest wait for a part of an answer, in seconds."""

BIG_BYTES: Final = 8_000_000
"""Bytes of the answer to ``/big``: more than the buffers of two sockets on one machine take."""


class Told(Struct, frozen=True):
    """An answer; the names of its headers are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


class Echo:
    """The application. ``/held`` is answered when ``released`` is set; ``/unread`` leaves its body alone."""

    def __init__(self, problems: Any) -> None:
        self.released = asyncio.Event()
        self.entered = asyncio.Event()
        self.seen: list[str] = []
        self._problems = problems

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        assert scope["type"] == ScopeType.HTTP
        self.seen.append(scope["path"])
        self.entered.set()
        if scope["path"] == "/held":
            await self.released.wait()
        try:
            body = b"" if scope["path"] == "/unread" else await _body(receive)
        except Unreadable as error:
            await send_raw(self._problems.raw(recorded(error)), send)
            return
        told = b"x" * BIG_BYTES if scope["path"] == "/big" else encode(_of(scope, body))
        await send_raw(RawAnswer(200, [(b"content-type", b"application/json")], told), send)


class Wire:
    """A running server with the echo."""

    def __init__(self, port: int, server: uvicorn.Server, echo: Echo) -> None:
        self.port = port
        self.server = server
        self.echo = echo

    @asynccontextmanager
    async def line(self) -> AsyncIterator["Line"]:
        """A connection to the server."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield Line(reader, writer)
        finally:
            writer.transport.abort()

    async def told(self, sent: bytes) -> Told:
        """The first answer to these bytes, on a connection of their own."""
        async with self.line() as line:
            line.send(sent)
            return await line.answer()


class Line:
    """A client's end of a connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, data: bytes) -> None:
        """Sends bytes, in one packet if they are few."""
        self.writer.write(data)

    async def answer(self) -> Told:
        """The next answer. Raises ``asyncio.IncompleteReadError`` if the connection ends before."""
        async with asyncio.timeout(ANSWER_MAX_S):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            status, *lines = head.rstrip("\r\n").split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return Told(int(status.split(" ")[1]), headers, body)

    async def ends(self) -> bytes:
        """What still comes until the server ends the connection."""
        async with asyncio.timeout(ANSWER_MAX_S):
            try:
                return await self.reader.read()
            except ConnectionError:
                return b""


@asynccontextmanager
async def wired(*, echoes: bool = True) -> AsyncIterator[Wire]:
    """A server for the length of a block; without ``echoes``: of our own application, without a database."""
    app = app_without_database(settings_of(AUTH="on"))
    services = services_of(app)
    echo = Echo(services.problems)
    if echoes:
        app.asgi_handler = Outermost(RefusedHeads(echo, services.problems), [], services.drain)
    config = uvicorn.Config(
        app, http=Connection, ws="none", lifespan="off", log_config=None, proxy_headers=False
    )
    server = uvicorn.Server(config)

    async def started() -> bool:
        return server.started

    # With its protocol named, asyncio switches off Nagle's algorithm, as uvloop does for every connection.
    with socket.socket(proto=socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        serving = asyncio.create_task(server.serve([listener]))
        await eventually(started, "a server that listens")
        try:
            yield Wire(port, server, echo)
        finally:
            server.should_exit = True
            await serving


async def _body(receive: Receive) -> bytes:
    body = b""
    while (message := await receive())["type"] == "http.request":
        body += message["body"]
        if not message["more_body"]:
            break
    return body


def _of(scope: Scope, body: bytes) -> dict[str, Any]:
    headers = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in scope["headers"]]
    return {
        "method": scope.get("method"),
        "path": scope.get("path"),
        "query": scope["query_string"].decode("latin-1"),
        "headers": headers,
        "body": body.decode("latin-1"),
    }
