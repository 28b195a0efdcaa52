"""A server that never ends its answer: it sends a byte now and then, so that no wait for a piece is long."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

DRIP_S = 0.02
"""Seconds between two bytes: far below any bound on one read."""


@asynccontextmanager
async def dripping(beginning: bytes, drop: bytes) -> AsyncIterator[int]:
    """The port of a server that answers whatever comes with ``beginning``, and then ``drop`` for ever."""
    connections: set[asyncio.Task[None]] = set()

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        try:
            writer.write(beginning)
            while True:
                writer.write(drop)
                await writer.drain()
                await asyncio.sleep(DRIP_S)  # a sleep, because the slowness is what is tested
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        port: int = server.sockets[0].getsockname()[1]
        yield port
    finally:
        server.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
