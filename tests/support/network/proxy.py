"""A proxy before the database that can cut a connection at a named point of a statement."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from enum import Enum
from typing import Final
from urllib.parse import parse_qs, urlsplit

PARSE: Final = b"P"
BIND: Final = b"B"
EXECUTE: Final = b"E"
READY: Final = b"Z"
SYNC: Final = b"S\0\0\0\4"
"""PostgreSQL's message Sync. It ends a statement, and so the transaction of a single statement."""

LATE_S: Final = 0.1
"""Seconds by which a late message is late. By then the client has tried again."""


class Cut(Enum):
    """The point at which the connection is cut when the next statement is executed."""

    BEFORE = "before the database hears of it"
    UNCOMMITTED = "after the statement, before its commit"
    AFTER = "after its commit, before the answer"
    HALF = "in the middle of the answer"
    TOLD = "after the answer"
    LATE = "at once, but the database hears of it later"
    SILENT = "after the statement, before its commit, and neither side is told"


class Proxy:
    """A proxy that passes messages on, on its own port. A cut breaks the connection on which it happens.

    ``cuts`` are made one after another, each at the next statement on any connection whose text has ``only``.
    ``only`` must be known from the start, because connections prepare their statements early. ``at_cut`` is
    awaited when the database has done its part and the client does not know yet. ``made`` counts the cuts.
    """

    def __init__(self, only: bytes) -> None:
        self.cuts: list[Cut] = []
        self.made: Counter[Cut] = Counter()
        self.only: Final = only
        self.at_cut: Callable[[], Awaitable[object]] | None = None
        self.dsn = ""
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def shut(self) -> None:
        """Break all connections and take no new ones, as if the database were gone."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._writers):
            writer.close()
        await asyncio.sleep(0)

    async def open(self, dsn: str) -> None:
        """Take connections, and pass messages on to the database."""
        self._target = dsn
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.dsn = dsn_at(dsn, self._server.sockets[0].getsockname()[1])

    def next_cut(self) -> Cut | None:
        """The cut that is due next; None if all are made."""
        if not self.cuts:
            return None
        cut = self.cuts.pop(0)
        self.made[cut] += 1
        return cut

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await connect(self._target)
        self._writers |= {writer, back}
        way = _Way(self, writer)
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

    def __init__(self, proxy: Proxy, near: asyncio.StreamWriter) -> None:
        self._proxy = proxy
        self._near = near
        self._ended = asyncio.Event()
        self._cut: Cut | None = None
        self._meant: set[bytes] = set()  # the names of the prepared statements whose text has ``only``
        self._bound = b""

    async def to_database(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        size = await reader.readexactly(4)  # the first message has no kind
        writer.write(size + await reader.readexactly(int.from_bytes(size) - 4))
        bind = b""
        while True:
            kind, message = await _message(reader)
            self._note(kind, message)
            if kind == BIND:  # the Bind message is passed on together with the next message
                bind = message
                continue
            if kind == EXECUTE and self._bound in self._meant:
                self._cut = self._proxy.next_cut()
                if self._cut not in (None, Cut.AFTER, Cut.HALF, Cut.TOLD):
                    await self._break_off(bind + message, writer)
                    return
            writer.write(bind + message)
            bind = b""

    async def _break_off(self, statement: bytes, writer: asyncio.StreamWriter) -> None:
        if self._cut is Cut.LATE:
            self._near.close()
            await asyncio.sleep(LATE_S)
            writer.write(statement + SYNC)
        elif self._cut is not Cut.BEFORE:
            writer.write(statement)
        if self._cut is Cut.SILENT:
            await self._ended.wait()

    async def to_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            kept = await self._until_cut(reader, writer)
        finally:
            self._ended.set()
        if self._proxy.at_cut is not None:
            await self._proxy.at_cut()
        if self._cut is Cut.HALF:
            writer.write(kept[: len(kept) // 2])
        elif self._cut is Cut.TOLD:
            writer.write(kept)

    async def _until_cut(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        """Pass messages on until a cut is due; returns the answer to the statement at which it is made."""
        kept = b""
        while True:
            kind, message = await _message(reader)
            if self._cut is None:
                writer.write(message)
                continue
            kept += message
            if kind == READY:
                return kept

    def _note(self, kind: bytes, message: bytes) -> None:
        """Remember the names of prepared statements, and which of them is about to be executed."""
        if kind == PARSE:
            name, text, _ = message[5:].split(b"\0", 2)
            (self._meant.add if self._proxy.only in text else self._meant.discard)(name)
        elif kind == BIND:
            self._bound = message[5:].split(b"\0", 2)[1]


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readexactly(5)
    return head[:1], head + await reader.readexactly(int.from_bytes(head[1:]) - 4)


async def connect(dsn: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A new connection to the database's port or socket, on which no message was sent yet."""
    parts = urlsplit(dsn)
    options = parse_qs(parts.query)
    folder = options.get("host", [parts.hostname or "localhost"])[0]
    port = parts.port or int(options.get("port", ["5432"])[0])
    if folder.startswith("/"):
        return await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.{port}")
    return await asyncio.open_connection(folder, port)


def dsn_at(dsn: str, port: int) -> str:
    """The DSN of the same database at a port of this machine."""
    parts = urlsplit(dsn)
    login = f"{parts.username or 'postgres'}{f':{parts.password}' if parts.password else ''}"
    return f"postgresql://{login}@127.0.0.1:{port}{parts.path}?sslmode=disable"


@asynccontextmanager
async def proxied(dsn: str, only: bytes = b"") -> AsyncIterator[Proxy]:
    """A proxy in front of a database, for the length of a block."""
    proxy = Proxy(only)
    await proxy.open(dsn)
    try:
        yield proxy
    finally:
        await proxy.shut()
