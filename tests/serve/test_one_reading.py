"""A request is read once: its headers end with its head, an upgrade is ignored, the host is one host."""

from collections.abc import AsyncIterator
from typing import Final

import pytest

from tests.support.http.contract import PROBLEM
from tests.support.http.wire import Told, Wire, wired

H2C: Final = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAI\r\n"
"""What OpenJDK's client asks for by default."""

ROW: Final = (
    b"POST /one HTTP/1.1\r\nHost: a\r\n" + H2C + b"Content-Length: 5\r\n\r\n12345"
    b"POST /two?q HTTP/1.1\r\nHost: a\r\n" + H2C + b"Transfer-Encoding: chunked\r\n\r\n"
    b"3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n"
    b"GET /three HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade\r\nHost: a\r\n\r\n"
    b"POST /four HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"
)
"""Four requests in a row, three of which ask for another protocol."""


@pytest.fixture(scope="module")
async def wire() -> AsyncIterator[Wire]:
    """A server for all tests of this file."""
    async with wired() as wire:
        yield wire


def what(told: Told) -> tuple[str, str, str]:
    """The request that was served."""
    assert told.status == 200, told
    return told.json["method"], told.json["path"], told.json["body"]


async def test_an_upgrade_is_ignored_and_its_request_served_whole_however_packets_are_cut(wire: Wire) -> None:
    for cut in range(1, len(ROW)):
        async with wire.line() as line:
            line.send(ROW[:cut])
            await turn(wire)  # so that the rest comes in a packet of its own
            line.send(ROW[cut:])
            served = [what(await line.answer()) for _ in range(4)]
        assert served == [
            ("POST", "/one", "12345"),
            ("POST", "/two", "abcde"),
            ("GET", "/three", ""),
            ("POST", "/four", "{}"),
        ], cut


async def test_an_upgrade_that_comes_byte_by_byte_is_served(wire: Wire) -> None:
    async with wire.line() as line:
        for byte in ROW:
            line.send(bytes([byte]))
            await turn(wire)
        assert [what(await line.answer())[1] for _ in range(4)] == ["/one", "/two", "/three", "/four"]


async def test_a_request_keeps_all_its_headers_but_the_upgrade(wire: Wire) -> None:
    told = await wire.told(ROW)
    names = [name for name, _ in told.json["headers"]]
    assert names == ["host", "connection", "http2-settings", "content-length"]


@pytest.mark.parametrize("trailer", [b"X-Forwarded-For: 6.6.6.6", b"Idempotency-Key: b", b"Host: b"])
async def test_trailers_are_dropped(wire: Wire, trailer: bytes) -> None:
    head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: x\r\n\r\n"
    for cut in range(len(trailer)):
        async with wire.line() as line:
            line.send(head)
            await wire.echo.entered.wait()
            wire.echo.entered.clear()
            line.send(b"1\r\na\r\n0\r\n" + trailer[:cut])
            await turn(wire)
            line.send(trailer[cut:] + b"\r\n\r\n")
            told = await line.answer()
        assert [name for name, _ in told.json["headers"]] == ["host", "transfer-encoding", "trailer"]
        assert told.json["body"] == "a"


REFUSED: Final = {
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
    "two hosts in HTTP/1.0": b"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",
    "a host with a path": b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "a host with a user": b"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n",
    "a list of hosts": b"GET / HTTP/1.1\r\nHost: a, b c\r\n\r\n",
    "a port that is no number": b"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n",
    "HTTP/0.9 in full": b"GET / HTTP/0.9\r\nHost: a\r\n\r\n",
    "HTTP/0.9": b"GET /\r\n\r\n",
    "HTTP/2.0": b"GET / HTTP/2.0\r\nHost: a\r\n\r\n",
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a method of no standard": b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n",
    "a tunnel": b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
    "a tunnel with a body": b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nGET",
    "* of a GET": b"GET * HTTP/1.1\r\nHost: a\r\n\r\n",
    "a fragment": b"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n",
    "another scheme": b"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "a user in the target": b"GET http://u:p@a/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "a fragment in an absolute target": b"GET http://a/#b HTTP/1.1\r\nHost: a\r\n\r\n",
    "a folded header": b"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n",
    "a space before a colon": b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
    "a header without a name": b"GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n",
    "NUL in a value": b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
    "CR in a value": b"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n",
    "lines that end with LF": b"GET / HTTP/1.1\nHost: a\n\n",
    "two equal lengths": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
    "a list of lengths": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\na",
    "a length with a sign": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\na",
    "a coding that we do not have": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
    "two codings": b"POST / HTTP/1.1\r\nHost: a\r\n" + 2 * b"Transfer-Encoding: chunked\r\n" + b"\r\n",
    "a coding with a parameter": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked;q=1\r\n\r\n",
    "chunks in HTTP/1.0": b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a coding under an upgrade": b"POST / HTTP/1.1\r\nHost: a\r\n" + H2C + b"Transfer-Encoding: br\r\n\r\n",
    "two hosts under an upgrade": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n" + H2C + b"\r\n",
    "too many parameters": b"GET /?" + b"&" * 20 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_breaks_a_rule_of_http_gets_a_problem_and_the_connection_ends(
    wire: Wire, name: str
) -> None:
    before = list(wire.echo.seen)
    async with wire.line() as line:
        line.send(REFUSED[name])
        told = await line.answer()
        assert await line.ends() == b""
    assert (told.status, told.json["code"]) == (400, "invalid_request"), told
    assert (told.headers["content-type"], told.headers["connection"]) == (PROBLEM, "close")
    assert told.headers["x-request-id"] == told.json["request_id"]
    assert wire.echo.seen == before


SERVED: Final = {
    "HTTP/1.0 without a host": (b"GET /a HTTP/1.0\r\n\r\n", "/a", ""),
    "an address as host": (b"GET /a HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "/a", "[::1]:80"),
    "an empty host": (b"GET /a HTTP/1.1\r\nHost:\r\n\r\n", "/a", ""),
    "spaces around a value": (b"GET /a HTTP/1.1\r\nHost:  a \t \r\n\r\n", "/a", "a \t "),
    "the whole address": (b"GET http://b:1/a?q HTTP/1.1\r\nHost: a\r\n\r\n", "/a", "b:1"),
    "the whole address without a path": (b"GET http://b HTTP/1.1\r\nHost: a\r\n\r\n", "/", "b"),
    "* of OPTIONS": (b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "/", "a"),
    "two slashes": (b"GET //b/a HTTP/1.1\r\nHost: a\r\n\r\n", "//b/a", "a"),
    "percent codes": (b"GET /%C3%A4%00%ff HTTP/1.1\r\nHost: a\r\n\r\n", "/ä\0\ufffd", "a"),
    "empty lines before": (b"\r\n\r\nGET /a HTTP/1.1\r\nHost: a\r\n\r\n", "/a", "a"),
}


@pytest.mark.parametrize("name", SERVED)
async def test_what_is_odd_and_allowed_is_served(wire: Wire, name: str) -> None:
    sent, path, host = SERVED[name]
    told = await wire.told(sent)
    assert told.status == 200, told
    assert (told.json["path"], dict(told.json["headers"]).get("host", "")) == (path, host)


async def test_a_body_is_asked_for_if_the_client_waits_for_that(wire: Wire) -> None:
    async with wire.line() as line:
        line.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-Continue\r\n\r\n")
        assert (await line.answer()).status == 100
        line.send(b"ab")
        assert what(await line.answer()) == ("POST", "/", "ab")


async def test_http_1_0_is_not_asked_to_go_on(wire: Wire) -> None:
    told = await wire.told(
        b"POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nab"
    )
    assert what(told) == ("POST", "/", "ab")


async def test_a_refusal_comes_after_the_answers_before_it(wire: Wire) -> None:
    wire.echo.released.clear()
    async with wire.line() as line:
        line.send(b"GET /held HTTP/1.1\r\nHost: a\r\n\r\n" + REFUSED["two hosts"])
        line.send(b"GET /never HTTP/1.1\r\nHost: a\r\n\r\n")
        await turn(wire)
        wire.echo.released.set()
        assert what(await line.answer())[1] == "/held"
        assert (await line.answer()).status == 400
        assert await line.ends() == b""
    assert "/never" not in wire.echo.seen


async def test_a_chunk_that_is_none_ends_the_request_that_waits_for_it(wire: Wire) -> None:
    async with wire.line() as line:
        line.send(b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
        await turn(wire)
        line.send(b"zz\r\n")
        told = await line.answer()
        assert await line.ends() == b""
    assert (told.status, told.json["code"], told.headers["connection"]) == (400, "invalid_request", "close")


async def turn(wire: Wire) -> None:
    """Returns when the server has read what was sent: it shares our event loop and answers another client."""
    await wire.told(b"GET /turn HTTP/1.1\r\nHost: a\r\n\r\n")
