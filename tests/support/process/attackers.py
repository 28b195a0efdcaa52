"""Clients that mean harm, for the length of a block: each keeps a bounded number of connections busy."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

HEAD: Final = b"%b %b HTTP/1.1\r\nHost: localhost\r\n"
TINY_HEADERS: Final = 1_600_000
"""Headers of five bytes in a flood: eight megabytes."""

DRIP_S: Final = 0.1
"""Seconds between two bytes of a slow body."""

Attack = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def slow_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A body of which a byte comes now and then."""
    writer.write(HEAD % (b"POST", b"/api/bookings") + b"Content-Length: 60000\r\n\r\n" + b" " * 20_000)
    while not reader.at_eof():
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(DRIP_S)


async def header_flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A head that is much too large."""
    writer.write(HEAD % (b"GET", b"/api/shows") + b"a:b\r\n" * TINY_HEADERS)
    await writer.drain()
    await reader.read()


async def forged_trailers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Reads that claim to come from elsewhere, in their trailers."""
    chunks = b"Transfer-Encoding: chunked\r\n\r\n0\r\nX-Forwarded-For: 198.51.100.7\r\n\r\n"
    while not reader.at_eof():
        writer.write(HEAD % (b"GET", b"/api/shows") + chunks)
        await reader.readuntil(b"\r\n\r\n")


def heads_of(path: bytes, pause_s: float) -> Attack:
    """HEAD requests for one path on each connection, with a pause in seconds after each answer."""

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not reader.at_eof():
            writer.write(HEAD % (b"HEAD", path) + b"Accept-Encoding: gzip\r\n\r\n")
            await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(pause_s)

    return ask


@asynccontextmanager
async def attacked(port: int, attack: Attack, connections: int) -> AsyncIterator[None]:
    """The attack on a port; a connection that ends is opened again."""
    attackers = [asyncio.create_task(_again_and_again(port, attack)) for _ in range(connections)]
    try:
        yield
    finally:
        for attacker in attackers:
            attacker.cancel()
        await asyncio.gather(*attackers, return_exceptions=True)


async def _again_and_again(port: int, attack: Attack) -> None:
    while True:
        with suppress(OSError, EOFError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                await attack(reader, writer)
            finally:
                writer.transport.abort()
        await asyncio.sleep(DRIP_S)  # an attacker that is refused comes again, but not in a loop without end
