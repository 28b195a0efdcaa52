"""A proxy before the database that fails as networks do: it refuses, resets, drops, or is silent."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.support.network.proxy import SYNC, connect, dsn_at

CHUNK_BYTES = 65_536


class _Call:
    """One connection; ``near`` is the client's end. A deaf connection passes no bytes on any more."""

    def __init__(self, near: asyncio.StreamWriter, back: asyncio.StreamWriter) -> None:
        self.near = near
        self.back = back
        self.deaf = False
        self.breaks_off = False

    def reset(self) -> None:
        """Reset the connection at both ends."""
        self.near.transport.abort()
        self.back.transport.abort()


class Line:
    """A proxy that passes bytes on, on a port that stays the same.

    ``lives_s``: the shortest and the longest life of a connection in seconds; None: connections stay.
    """

    def __init__(self, dsn: str, chance: random.Random) -> None:
        self.dsn = ""
        self.lives_s: tuple[float, float] | None = None
        self._target = dsn
        self._chance = chance
        self._port = 0
        self._server: asyncio.Server | None = None
        self._calls: dict[asyncio.Task[None], _Call] = {}
        self._passes = asyncio.Event()
        self._over = asyncio.Event()
        self._swallows = False

    async def open(self) -> None:
        """Take connections again, on the same port as before."""
        self._swallows = False
        self._passes.set()
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
            self._port = self._server.sockets[0].getsockname()[1]
            self.dsn = dsn_at(self._target, self._port)

    def shut(self) -> None:
        """Break all connections and refuse new ones, as if the database's machine were gone."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.reset()

    def reset(self) -> None:
        """Break all connections, and go on taking new ones."""
        for call in list(self._calls.values()):
            call.reset()

    def stall(self) -> None:
        """Pass no bytes on until ``open``; then the bytes that were sent meanwhile arrive, late."""
        self._passes.clear()

    def swallow(self, *, within: bool = False) -> None:
        """Lose all bytes of the present connections for ever, and those of new connections until ``open``.

        Neither end notices: the old connections stay silent even after ``open``. ``within``: the next
        statement on each connection still arrives, but for its end.
        """
        self._passes.clear()
        self._swallows = True
        for call in self._calls.values():
            call.deaf = True
            call.breaks_off = within

    async def close(self) -> None:
        """Close the port and all connections."""
        self._passes.set()
        self._over.set()
        self.shut()
        if self._calls:
            await asyncio.wait(list(self._calls))

    async def _serve(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        there, back = await connect(self._target)
        call = _Call(near, back)
        call.deaf = self._swallows
        task = asyncio.current_task()
        assert task is not None
        self._calls[task] = call
        try:
            await self._pass_on(call, reader, there)
        finally:
            call.reset()
            del self._calls[task]

    async def _pass_on(self, call: _Call, reader: asyncio.StreamReader, there: asyncio.StreamReader) -> None:
        """Pass bytes both ways until one end closes. While silent, the other end does not notice."""
        pumps = [
            asyncio.create_task(self._pump(call, reader, call.back)),
            asyncio.create_task(self._pump(call, there, call.near)),
        ]
        await asyncio.wait(pumps, timeout=self._life_s(), return_when=asyncio.FIRST_COMPLETED)
        await (self._over if call.deaf else self._passes).wait()
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)  # a broken connection is what this is for

    def _life_s(self) -> float | None:
        return None if self.lives_s is None else self._chance.uniform(*self.lives_s)

    async def _pump(self, call: _Call, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(CHUNK_BYTES):
            if call.breaks_off and writer is call.back and data.endswith(SYNC):
                call.breaks_off = False
                writer.write(data.removesuffix(SYNC))
            await self._passes.wait()
            if not call.deaf:
                writer.write(data)
                await writer.drain()


@asynccontextmanager
async def open_line(dsn: str, chance: random.Random) -> AsyncIterator[Line]:
    """A line to a database, for the length of a block."""
    line = Line(dsn, chance)
    await line.open()
    try:
        yield line
    finally:
        await line.close()
