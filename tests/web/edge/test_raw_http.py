"""Bytes that no client library sends: a real server answers or hangs up, and serves the next request."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from http.client import HTTPException
from typing import Final, NamedTuple

import pytest
from httpx import AsyncClient

from tests.support.engine.clock import stopped_clock
from tests.support.engine.databases import Connection, connected, temporary_database
from tests.support.http.api import Api
from tests.support.http.contract import PROBLEM, STATUS_OF
from tests.support.http.raw import Heard, answer_on, answers_on, connection_to
from tests.support.process.folders import public_folder
from tests.support.process.program import Program
from tests.web.http.fuzzing import state_of

BOOKING: Final = b'{"user_id": 1, "show_id": 1, "seats_booked": 1}'
POST: Final = b"POST /api/bookings HTTP/1.1\r\nHost: localhost\r\n"
UPGRADE: Final = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAI\r\n"
END: Final = b"\r\n0\r\n\r\n"
GET: Final = b"GET /api/shows/1 HTTP/1.1\r\nHost: localhost\r\n"


def with_length(body: bytes, length: int | bytes) -> bytes:
    """A booking with a Content-Length, true or not."""
    return (
        POST + b"Content-Length: %b\r\n\r\n" % (b"%d" % length if isinstance(length, int) else length) + body
    )


def chunked(rest: bytes) -> bytes:
    """A booking in chunks."""
    return POST + b"Transfer-Encoding: chunked\r\n\r\n" + rest


UNFIT: Final = {
    "no HTTP": b"hello\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100),
    "another version": b"GET / HTTP/3.7\r\nHost: localhost\r\n\r\n",
    "a chunk's size is no number": chunked(b"zz\r\n{}\r\n0\r\n\r\n"),
    "a chunk's size is negative": chunked(b"-1\r\n{}\r\n0\r\n\r\n"),
    "a chunk's size is huge": chunked(b"f" * 40 + b"\r\n{}\r\n0\r\n\r\n"),
    "a chunk is longer than it says": chunked(b"2\r\n" + BOOKING + b"\r\n0\r\n\r\n"),
    "the length is negative": with_length(BOOKING, -5),
    "the length is no number": with_length(BOOKING, b"ten"),
    "the length is huge": with_length(BOOKING, 10**40),
    "two lengths": POST + b"Content-Length: 3\r\nContent-Length: 47\r\n\r\n" + BOOKING,
    "a length and chunks": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "NUL in a header": GET + b"Idempotency-Key: a\0b\r\n\r\n",
    "a line break in a header's name": GET + b"X\nY: z\r\n\r\n",
    "a space in the path": b"GET /api/shows/1 2 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "high bytes in the path": b"GET /api/shows/\xd9\xa3 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "high bytes in the query": b"GET /api/shows?limit=1&text=\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "the whole address": b"GET http://[::1/api/shows/1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "no path": b"GET * HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a tunnel": b"CONNECT x:1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
}
"""Requests that must be refused without an effect."""

TOO_SHORT: Final = {
    "half a request line": b"GET /api/sh",
    "half a header": POST + b"Content-Le",
    "half a body": with_length(BOOKING[:10], len(BOOKING)),
    "half a chunk": chunked(b"2f\r\n" + BOOKING[:10]),
    "no last chunk": chunked(b"2f\r\n" + BOOKING + b"\r\n"),
}
"""Requests that break off: the first half of a request must not book a seat."""

ODD: Final = {
    "no version": (400, b"GET /\r\n\r\n"),
    "another protocol": (200, GET + b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n"),
    "another protocol, with a body": (201, POST + UPGRADE + with_length(BOOKING, 47)[len(POST) :]),
    "another protocol, in chunks": (201, POST + UPGRADE + chunked(b"2f\r\n" + BOOKING + END)[len(POST) :]),
    "a header": (431, GET + b"X-Big: " + b"x" * 200_000 + b"\r\n\r\n"),
    "many headers": (431, GET + b"".join(b"X-%d: y\r\n" % i for i in range(5_000)) + b"\r\n"),
    "a path": (414, b"GET /api/shows/" + b"1" * 60_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    "a query": (414, b"GET /api/shows?text=" + b"x" * 60_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    "a key": (431, POST + b"Idempotency-Key: " + b"k" * 100_000 + b"\r\nContent-Length: 0\r\n\r\n"),
    "a chunk's extension": (201, chunked(b"2f;" + b"x" * 30_000 + b"\r\n" + BOOKING + END)),
    "a trailer": (201, chunked(b"2f\r\n" + BOOKING + b"\r\n0\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n")),
}
"""Requests that are old, strange or large, and still HTTP, and the status that each gets."""


class Served(NamedTuple):
    """A server, and a connection to its database."""

    program: Program
    connection: Connection

    @property
    def port(self) -> int:
        """The port on which the server listens."""
        return self.program.port


@pytest.fixture(scope="module")
async def served(admin: Connection, postgres_url: str, template_database: str) -> AsyncIterator[Served]:
    """A server with a show and a user, for all tests of this file; no hold runs out by itself."""
    async with AsyncExitStack() as stack:
        dsn = await stack.enter_async_context(temporary_database(admin, postgres_url, template_database))
        connection = await stack.enter_async_context(connected(dsn))
        await stopped_clock(connection)
        folder = stack.enter_context(public_folder())
        program = Program(folder, DATABASE_URL=dsn, SWEEP_INTERVAL_SECONDS="3600")
        stack.callback(program.close)
        await asyncio.to_thread(program.serve)
        api = Api(await stack.enter_async_context(AsyncClient(base_url=program.url)))
        await api.booking((await api.show(100))["id"], (await api.user())["id"])
        yield Served(program, connection)


async def test_what_is_no_request_is_refused_and_does_nothing(served: Served) -> None:
    before = await state_of(served.connection)
    for name, sent in UNFIT.items():
        [answer] = await asyncio.to_thread(talk, served.port, sent, name)
        assert answer.status >= 400, f"{name}: {answer}"
        check(name, answer)
        assert await state_of(served.connection) == before, name
        await asyncio.to_thread(serves_the_next, served.port)


async def test_a_request_that_breaks_off_does_nothing(served: Served) -> None:
    before = await state_of(served.connection)
    for name, sent in TOO_SHORT.items():
        assert await asyncio.to_thread(talk, served.port, sent, name, goes=True) == [], name
        await asyncio.to_thread(serves_the_next, served.port)
        assert await state_of(served.connection) == before, name


async def test_what_is_odd_is_served_or_refused(served: Served) -> None:
    for name, (status, sent) in ODD.items():
        [answer] = await asyncio.to_thread(talk, served.port, sent, name)
        check(name, answer)
        assert answer.status == status, f"{name}: {answer}"
        await asyncio.to_thread(serves_the_next, served.port)


async def test_a_body_that_comes_byte_by_byte_is_one_booking(served: Served) -> None:
    def book() -> list[Heard]:
        with connection_to(served.port) as line:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in with_length(BOOKING, len(BOOKING)):
                line.sendall(bytes([byte]))
            return [answer_on(line, "POST")]

    [answer] = await asyncio.to_thread(book)
    assert (answer.status, json.loads(answer.body)["data"]["seats_booked"]) == (201, 1)


async def test_requests_in_a_row_are_answered_in_their_order(served: Served) -> None:
    def ask() -> list[int]:
        with connection_to(served.port) as line:
            book, look = with_length(BOOKING, len(BOOKING)), GET + b"\r\n"
            line.sendall(book + look + with_length(b"{}", 2) + look)
            return [answer.status for answer in answers_on(line, "POST", "GET", "POST", "GET")]

    assert await asyncio.to_thread(ask) == [201, 200, 400, 200]


def talk(port: int, sent: bytes, name: str, *, goes: bool = False) -> list[Heard]:
    """What the server answers to these bytes. ``goes``: the client hangs up before it hears an answer."""
    with connection_to(port) as line:
        with suppress(ConnectionError):  # the server may hang up before all is sent
            line.sendall(sent)
        if goes:
            return []
        with suppress(ConnectionError, HTTPException):
            return [answer_on(line)]
    raise AssertionError(f"{name}: hung up without a word")


def check(name: str, answer: Heard) -> None:
    """A refusal is a problem of the application, even of bytes that are no HTTP."""
    assert answer.status < 500, f"{name}: {answer}"
    if answer.status >= 400:
        assert answer.headers["content-type"] == PROBLEM, f"{name}: {answer}"
        assert STATUS_OF[json.loads(answer.body)["code"]] == answer.status, f"{name}: {answer}"


def serves_the_next(port: int) -> None:
    """The server still answers a plain request."""
    with connection_to(port) as line:
        line.sendall(GET + b"\r\n")
        assert answer_on(line).status == 200
