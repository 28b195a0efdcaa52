"""A way to the database that can be cut at a named point of a statement."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from enum import Enum
from typing import Final
from urllib.parse import parse_qs, urlsplit

EXECUTE: Final = b"E"
READY: Final = b"Z"


class Cut(Enum):
    """Where the way is cut when the next statement is executed."""

    BEFORE = "before the database hears of it"
    AFTER = "after its commit, before the answer"


class Proxy:
    """Passes messages on, on a port of its own. A cut breaks the connection it happens on.

    ``cuts`` are made one after the other, each at the next statement on any connection, and
    ``at_cut`` is awaited while the database has done its part and the client does not know.
    """

    def __init__(self) -> None:
        self.cuts: list[Cut] = []
        self.at_cut: Callable[[], Awaitable[object]] | None = None
        self.dsn = ""
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def shut(self) -> None:
        """Breaks all connections and takes no more: the database is gone."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._writers):
            writer.close()
        await asyncio.sleep(0)

    async def open(self, dsn: str) -> None:
        """Begins to pass on to the database."""
        self._target = dsn
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        parts = urlsplit(dsn)
        login = f"{parts.username or 'postgres'}{f':{parts.password}' if parts.password else ''}"
        self.dsn = f"postgresql://{login}@127.0.0.1:{port}{parts.path}?sslmode=disable"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await _connect(self._target)
        self._writers |= {writer, back}
        way = _Way(self)
        passing = [
            asyncio.create_task(way.to_database(reader, back)),
            asyncio.create_task(way.to_client(there, writer)),
        ]
        await asyncio.wait(passing, return_when=asyncio.FIRST_COMPLETED)
        for end in (writer, back):
            end.close()
        await asyncio.wait(passing)
        for task in passing:
            task.exception()  # a broken connection is what this is for
        self._writers -= {writer, back}


class _Way:
    """One connection through the proxy."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self._deaf = False

    async def to_database(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        size = await reader.readexactly(4)  # the first message has no kind
        writer.write(size + await reader.readexactly(int.from_bytes(size) - 4))
        while True:
            kind, message = await _message(reader)
            if kind == EXECUTE and self._proxy.cuts:
                if self._proxy.cuts.pop(0) is Cut.BEFORE:
                    return
                self._deaf = True
            writer.write(message)

    async def to_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            kind, message = await _message(reader)
            if not self._deaf:
                writer.write(message)
            elif kind == READY:
                if self._proxy.at_cut is not None:
                    await self._proxy.at_cut()
                return


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readexactly(5)
    return head[:1], head + await reader.readexactly(int.from_bytes(head[1:]) - 4)


async def _connect(dsn: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(dsn)
    options = parse_qs(parts.query)
    folder = options.get("host", [parts.hostname or "localhost"])[0]
    port = parts.port or int(options.get("port", ["5432"])[0])
    if folder.startswith("/"):
        return await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.{port}")
    return await asyncio.open_connection(folder, port)


@asynccontextmanager
async def proxied(dsn: str) -> AsyncIterator[Proxy]:
    """A proxy in front of a database, for the length of a block."""
    proxy = Proxy()
    await proxy.open(dsn)
    try:
        yield proxy
    finally:
        await proxy.shut()
