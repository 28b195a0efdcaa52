"""What a client sends has bounds before anything of it is kept."""

import asyncio
import gc
import tracemalloc
from collections.abc import AsyncIterator
from typing import Final

import pytest

from boxoffice.vocabulary import limits
from tests.support.http.raw import answer_on, connection_to
from tests.support.http.wire import Told, Wire, wired

GET: Final = b"GET / HTTP/1.1\r\nHost: a\r\n"
CHUNKED: Final = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
PACKET_BYTES: Final = 1_000
REQUESTS: Final = 1_100
"""Requests that all differ: more than any cache of the framework has places. They have 9 MB together."""

KEPT_BYTES_MAX: Final = 7_000_000
"""Bytes that may be kept of them: the framework remembers a thousand paths and queries."""


@pytest.fixture(scope="module")
async def wire() -> AsyncIterator[Wire]:
    """A server for all tests of this file."""
    async with wired() as wire:
        yield wire


def padded(total: int) -> bytes:
    """A head of so many bytes as we count: its target, and four bytes beside each header's own."""
    lines = [b"X-%02d: %b\r\n" % (no, b"x" * 1_000) for no in range(60)]
    so_far = len(b"/") + len(b"Hosta") + 4 + 60 * (len(b"X-00") + 1_000 + 4)
    last = b"Y: " + b"y" * (total - so_far - 5) + b"\r\n"
    return GET + b"".join(lines) + last + b"\r\n"


def lines(count: int) -> bytes:
    """A head with so many headers."""
    return GET + b"".join(b"X-%d: y\r\n" % no for no in range(count - 1)) + b"\r\n"


def target(count: int) -> bytes:
    """A head whose target has so many bytes."""
    return b"GET /" + b"a" * (count - 1) + b" HTTP/1.1\r\nHost: a\r\n\r\n"


async def in_packets(wire: Wire, sent: bytes, size: int) -> Told:
    """The answer to bytes that come in packets of this size."""
    async with wire.line() as line:
        for begin in range(0, len(sent), size):
            line.send(sent[begin : begin + size])
            await asyncio.sleep(0)
        return await line.answer()


@pytest.mark.parametrize("size", [PACKET_BYTES, 1_000_000])
@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (padded(limits.HEAD_BYTES_MAX), 200),
        (padded(limits.HEAD_BYTES_MAX + 1), 431),
        (lines(limits.HEADER_LINES_MAX), 200),
        (lines(limits.HEADER_LINES_MAX + 1), 431),
        (target(limits.TARGET_BYTES_MAX), 200),
        (target(limits.TARGET_BYTES_MAX + 1), 414),
        (GET + b"x" * 300_000 + b": y\r\n\r\n", 431),
        (GET + b"Connection: upgrade\r\nUpgrade: x\r\n" + b"X: y\r\n" * 98 + b"\r\n", 431),
    ],
)
async def test_a_head_has_bounds_to_the_byte(wire: Wire, sent: bytes, status: int, size: int) -> None:
    told = await in_packets(wire, sent, size)
    assert told.status == status, told


@pytest.mark.parametrize(
    "endless",
    [GET + b"X: ", GET, GET + b"X", b"GET /", CHUNKED + b"1;", CHUNKED + b"0\r\nX: ", CHUNKED + b"0\r\n"],
)
async def test_what_never_ends_is_refused_and_not_kept(wire: Wire, endless: bytes) -> None:
    more = b"a: b\r\n" * 200 if endless.endswith(b"\n") else b"x" * PACKET_BYTES
    tracemalloc.start()
    try:
        async with wire.line() as line:
            line.send(endless)
            flood = asyncio.create_task(_flood(wire, line.writer, more))
            told = await line.answer()
            flood.cancel()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert told.status in (413, 414, 431), told
    assert peak < 8_000_000


async def test_eight_megabytes_of_tiny_headers_in_one_go_are_refused(wire: Wire) -> None:
    async with wire.line() as line:
        line.send(GET + b"a:b\r\n" * 1_600_000)
        told = await line.answer()
    assert (told.status, told.json["code"]) == (431, "headers_too_large")


async def test_requests_that_nobody_waits_for_are_bounded(wire: Wire) -> None:
    wire.echo.released.clear()
    before = len(wire.echo.seen)
    async with wire.line() as line:
        line.send(b"GET /held HTTP/1.1\r\nHost: a\r\n\r\n" + (GET + b"\r\n") * 10_000)
        await wire.told(GET + b"\r\n")
        wire.echo.released.set()
        statuses = [(await line.answer()).status for _ in range(limits.PIPELINED_MAX + 2)]
        assert await line.ends() == b""
    assert statuses == [200] * (limits.PIPELINED_MAX + 1) + [400]
    assert len(wire.echo.seen) == before + 1 + limits.PIPELINED_MAX + 1


async def test_as_many_requests_in_a_row_as_may_wait_are_served(wire: Wire) -> None:
    async with wire.line() as line:
        line.send((GET + b"\r\n") * (limits.PIPELINED_MAX + 1))
        assert [(await line.answer()).status for _ in range(limits.PIPELINED_MAX + 1)] == [200] * 65


async def test_a_body_that_nobody_wants_is_not_taken_for_ever(wire: Wire) -> None:
    async with wire.line() as line:
        line.send(b"POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999999\r\n\r\n")
        assert (await line.answer()).status == 200
        flood = asyncio.create_task(_flood(wire, line.writer, b"x" * PACKET_BYTES))
        assert await line.ends() == b""
        flood.cancel()


@pytest.mark.parametrize("head", [b"HTTP/1.0\r\n", b"HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"])
async def test_a_connection_that_is_to_end_takes_the_rest_of_a_body_and_is_not_reset(
    wire: Wire, head: bytes
) -> None:
    def told() -> int:
        with connection_to(wire.port) as connection:
            connection.sendall(b"POST /unread " + head + b"Content-Length: 200000\r\n\r\n")
            status = answer_on(connection, "POST").status
            assert connection.recv(1) == b"", "our end is not the server's"
            for _ in range(200):
                connection.sendall(b"x" * 1_000)
            return status

    assert await asyncio.to_thread(told) == 200


async def test_a_refused_body_that_was_sent_whole_leaves_the_connection_open(wire: Wire) -> None:
    async with wire.line() as line:
        line.send(b"POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n" + b"x" * 200_000)
        assert (await line.answer()).status == 200
        line.send(GET + b"\r\n")
        assert (await line.answer()).status == 200


async def test_nothing_long_that_clients_send_is_kept() -> None:
    async with wired(echoes=False) as wire, wire.line() as line:

        async def ask(no: int) -> int:
            unlike = b"%06d" % no + b"x" * 1_000
            path, query = b"/api/shows/" + unlike, b"&".join(b"%d%d=" % (no, at) for at in range(19))
            names = (b"Accept-Encoding", b"User-Agent", b"Cookie", b"X-Request-Id", b"Origin", b"Accept")
            lines = b"".join(b"%b: %b\r\n" % (name, unlike) for name in names)
            line.send(b"GET %b?%b HTTP/1.1\r\nHost: %b\r\n%b\r\n" % (path, query, unlike[:200], lines))
            return (await line.answer()).status

        for no in range(50):
            await ask(no)
        tracemalloc.start()
        try:
            statuses = {await ask(no) for no in range(REQUESTS)}
            gc.collect()
            kept = tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()
    assert all(400 <= status < 500 for status in statuses), statuses
    assert kept < KEPT_BYTES_MAX, kept


async def _flood(wire: Wire, writer: asyncio.StreamWriter, data: bytes) -> None:
    while True:
        writer.write(data)
        await writer.drain()
        await asyncio.sleep(0)
