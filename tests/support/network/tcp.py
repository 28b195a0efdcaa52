"""A proxy for any protocol over TCP, which cuts the line or holds the answers back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

_BYTES: Final = 65_536


class Wire:
    """The way to a server. ``answers`` cleared: the server hears everything, and its answers do not arrive.

    ``cut`` breaks all connections and takes no new ones; ``mend`` takes connections again, on the same port.
    """

    def __init__(self, target_port: int) -> None:
        self.answers = asyncio.Event()
        self.answers.set()
        self.port = 0
        self._target_port = target_port
        self._heard = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def mend(self) -> None:
        """Take connections."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Break all connections."""
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def heard(self) -> None:
        """Returns when the server has heard something from now on."""
        self._heard.clear()
        await self._heard.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._target_port)
        passing = {
            asyncio.create_task(self._pass(reader, back)),
            asyncio.create_task(self._pass(there, writer, self.answers)),
        }
        self._tasks |= passing
        await asyncio.wait(passing, return_when=asyncio.FIRST_COMPLETED)
        for task in passing:
            task.cancel()
        for end in (writer, back):
            end.close()
        self._tasks -= passing

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gate: asyncio.Event | None = None
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(_BYTES):
                if gate is not None:
                    await gate.wait()
                writer.write(data)
                await writer.drain()
                if gate is None:
                    self._heard.set()


@asynccontextmanager
async def wired(target_port: int) -> AsyncIterator[Wire]:
    """A proxy before a port of this machine, for the length of a block."""
    wire = Wire(target_port)
    await wire.mend()
    try:
        yield wire
    finally:
        await wire.cut()
