"""A way to the database that fails as networks do: refused, reset, dropped now and then, or silent."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.support.network.proxy import SYNC, connect, dsn_at

CHUNK_BYTES = 65_536


class _Call:
    """One connection: ``near`` is the client's end. A deaf one passes nothing on any more."""

    def __init__(self, near: asyncio.StreamWriter, back: asyncio.StreamWriter) -> None:
        self.near = near
        self.back = back
        self.deaf = False
        self.breaks_off = False

    def reset(self) -> None:
        """Both ends find the connection broken."""
        self.near.transport.abort()
        self.back.transport.abort()


class Line:
    """Passes bytes on, on a port that stays the same.

    ``lives_s``: between which times connections live, in seconds; None for ever.
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
        """Takes connections, on the port that it had before."""
        self._swallows = False
        self._passes.set()
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
            self._port = self._server.sockets[0].getsockname()[1]
            self.dsn = dsn_at(self._target, self._port)

    def shut(self) -> None:
        """Breaks all connections and refuses new ones: the database's machine is gone."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.reset()

    def reset(self) -> None:
        """Breaks all connections; new ones are welcome."""
        for call in list(self._calls.values()):
            call.reset()

    def stall(self) -> None:
        """Passes nothing on until it is opened again; then what was sent meanwhile arrives, late."""
        self._passes.clear()

    def swallow(self, *, within: bool = False) -> None:
        """Nothing arrives any more on the connections there are, nor on new ones until it is opened again.

        Nobody is told: the old connections stay silent even then. ``within``: of the next statement on each
        all arrives but its end.
        """
        self._passes.clear()
        self._swallows = True
        for call in self._calls.values():
            call.deaf = True
            call.breaks_off = within

    async def close(self) -> None:
        """Ends everything."""
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
        """Both ways, until one end closes; if nothing passes just then, the other does not hear of it."""
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
