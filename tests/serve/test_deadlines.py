"""What a client owes has a deadline: a head, a body, to read its answer. Here the deadlines are short."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

import pytest

from boxoffice.serve.watch import Watch
from boxoffice.vocabulary import limits
from tests.support.engine.eventually import eventually
from tests.support.http.wire import BIG_BYTES, Line, Wire, wired

SOON_S: Final = 0.2
"""A deadline in these tests, in seconds. Those that must not pass are ``LATE_S``."""

LATE_S: Final = 60.0
"""A deadline that no test lives to see, in seconds."""

LOOKS: Final = 5
"""Looks at the connections, each 0.02 s after the one before: more than the shortest deadline here."""

WAITS: Final = (
    "CONNECTION_IDLE_MAX_S",
    "HEAD_WAIT_MAX_S",
    "BODY_WAIT_MAX_S",
    "ANSWER_WAIT_MAX_S",
    "HANG_UP_WAIT_MAX_S",
    "STALLED_AT_END_MAX_S",
)
HEAD: Final = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"


@pytest.fixture
async def wire(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Wire]:
    """A server on which nothing is over soon, unless the test says so."""
    monkeypatch.setattr(limits, "LOOK_AT_CONNECTIONS_EVERY_S", 0.02)
    for name in WAITS:
        monkeypatch.setattr(limits, name, LATE_S)
    async with wired() as wire:
        yield wire


async def drip(line: Line, data: bytes) -> None:
    """Sends the same bytes again and again, until the connection ends."""
    while not line.writer.is_closing():
        line.send(data)
        await asyncio.sleep(0.01)  # the drip is what is tested


async def seen(condition: Callable[[], bool]) -> None:
    """Returns as soon as ``condition`` holds."""

    async def holds() -> bool:
        return condition()

    await eventually(holds, "what the server does by itself")


async def several_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Returns after five more looks at the connections; what they see as over is over by then."""
    looks, look = 0, Watch._look

    def counted(watch: Watch) -> None:
        nonlocal looks
        looks += 1
        look(watch)

    monkeypatch.setattr(Watch, "_look", counted)
    await seen(lambda: looks >= LOOKS)


async def timed_out(wire: Wire, begin: bytes, then: bytes) -> None:
    """Asserts that a request that goes on dripping gets a 408, and that its connection ends."""
    async with wire.line() as line:
        line.send(begin)
        dripping = asyncio.create_task(drip(line, then))
        told = await line.answer()
        assert await line.ends() == b""
        dripping.cancel()
    assert (told.status, told.json["code"], told.headers["connection"]) == (408, "request_timed_out", "close")


async def test_a_head_that_drips_is_timed_out(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HEAD_WAIT_MAX_S", SOON_S)
    await timed_out(wire, b"GET / HTTP/1.1\r\nHost: a\r\nX-Long: ", b"x")


async def test_a_body_that_drips_is_timed_out(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BODY_WAIT_MAX_S", SOON_S)
    chunked = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    await timed_out(wire, chunked, b"1\r\na\r\n")
    await timed_out(wire, HEAD.replace(b"9", b"90000"), b"a")


async def test_a_trailer_that_drips_is_timed_out(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BODY_WAIT_MAX_S", SOON_S)
    begin = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n"
    await timed_out(wire, begin, b"X: y\r\n")


async def test_a_connection_that_sends_nothing_ends(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CONNECTION_IDLE_MAX_S", SOON_S)
    async with wire.line() as line:
        assert await line.ends() == b""


async def test_a_connection_whose_requests_are_answered_ends(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with wire.line() as line:
        await seen(lambda: len(wire.server.server_state.connections) == 1)
        monkeypatch.setattr(limits, "CONNECTION_IDLE_MAX_S", SOON_S)
        line.send(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await line.answer()).status == 200
        assert await line.ends() == b""


async def test_a_body_that_nobody_reads_ends_its_connection_however_it_drips(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BODY_WAIT_MAX_S", SOON_S)
    async with wire.line() as line:
        line.send(b"POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 90000\r\n\r\n")
        assert (await line.answer()).status == 200
        dripping = asyncio.create_task(drip(line, b"a"))
        assert await line.ends() == b""
        dripping.cancel()


async def test_a_client_that_waits_for_us_is_not_hurried(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HEAD_WAIT_MAX_S", "BODY_WAIT_MAX_S"):
        monkeypatch.setattr(limits, name, 0.02)
    async with wire.line() as line:
        line.send(b"POST /held HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\na")
        await wire.echo.entered.wait()
        await several_looks(monkeypatch)
        wire.echo.released.set()
        assert (await line.answer()).json["body"] == "a"


async def test_half_a_request_behind_one_that_we_are_slow_with_is_not_hurried(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "HEAD_WAIT_MAX_S", 0.02)
    async with wire.line() as line:
        line.send(b"GET /held HTTP/1.1\r\nHost: a\r\n\r\nGET /b HT")
        await wire.echo.entered.wait()
        await several_looks(monkeypatch)
        wire.echo.released.set()
        assert (await line.answer()).json["path"] == "/held"


@pytest.mark.parametrize("way", [b"", b"Connection: close\r\n"])
async def test_a_client_that_does_not_read_its_answer_is_cut_off(
    wire: Wire, monkeypatch: pytest.MonkeyPatch, way: bytes
) -> None:
    monkeypatch.setattr(limits, "ANSWER_WAIT_MAX_S", SOON_S)
    async with wire.line() as line:
        line.writer.transport.pause_reading()  # type: ignore[attr-defined]
        line.send(b"GET /big HTTP/1.1\r\nHost: a\r\n" + way + b"\r\n")
        await wire.echo.entered.wait()
        await seen(lambda: not wire.server.server_state.connections)
        line.writer.transport.resume_reading()  # type: ignore[attr-defined]
        assert len(await line.ends()) < BIG_BYTES


async def test_a_client_that_reads_gets_all_of_a_large_answer(wire: Wire) -> None:
    for way in (b"", b"Connection: close\r\n"):
        told = await wire.told(b"GET /big HTTP/1.1\r\nHost: a\r\n" + way + b"\r\n")
        assert len(told.body) == BIG_BYTES


async def test_a_shutdown_does_not_wait_for_a_body_that_stalls(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "STALLED_AT_END_MAX_S", SOON_S)
    async with wire.line() as line:
        line.send(HEAD + b"a")
        await wire.echo.entered.wait()
        wire.server.should_exit = True
        told = await line.answer()
        assert await line.ends() == b""
    assert (told.status, told.json["code"]) == (408, "request_timed_out")


async def test_a_shutdown_waits_for_a_body_that_comes_and_for_an_answer(wire: Wire) -> None:
    async with wire.line() as line, wire.line() as other:
        line.send(HEAD + b"a")
        other.send(b"GET /held HTTP/1.1\r\nHost: a\r\n\r\n")
        await seen(lambda: len(wire.echo.seen) == 2)
        wire.server.should_exit = True
        await seen(lambda: not wire.server.servers[0].is_serving())
        line.send(b"bcdefghi")
        assert (await line.answer()).json["body"] == "abcdefghi"
        wire.echo.released.set()
        assert (await other.answer()).status == 200
