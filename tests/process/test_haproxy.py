"""haproxy with the configuration that we ship: its own answers, and what it and Boxoffice refuse together."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Final

import pytest

from tests.support.http.contract import MEMBERS, PROBLEM
from tests.support.http.raw import Heard, answer_on, answers_on, connection_to
from tests.support.process.balancer import CONFIG, Balancer, balanced, killed
from tests.support.process.polling import wait_until
from tests.support.process.program import Program

ADDRESS: Final = "198.51.100.%d"
GET: Final = b"GET /api/shows HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED: Final = GET + b"Transfer-Encoding: chunked\r\n\r\n0\r\n"
SHOW: Final = json.dumps(
    {"name": "Hot", "start_time": "2030-01-01T20:00:00Z", "total_seats": 10, "show_type": "show"}
).encode()
POST: Final = b"POST /api/shows HTTP/1.1\r\nHost: localhost\r\n"
H2C: Final = (
    b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAAAAMAAAAA\r\n"
)
READS: Final = 5
"""Reads a minute that an address has."""


class Impatient(Program):
    """A server with short deadlines."""

    launch = ("-P", str(Path(__file__).parents[1] / "support/process/impatient.py"))


@pytest.fixture
def instances(tmp_path: Path, database: str) -> Iterator[list[Program]]:
    """Two instances that trust haproxy; not started."""
    settings = {"DATABASE_URL": database, "AUTH": "off", "TRUSTED_PROXIES": "127.0.0.1", "LOG_LEVEL": "info"}
    instances: list[Program] = [Impatient(tmp_path, **settings) for _ in range(2)]
    yield instances
    for instance in instances:
        killed(instance)


@pytest.fixture
async def balancer(instances: list[Program], tmp_path: Path) -> AsyncIterator[Balancer]:
    """haproxy before two instances that run."""
    for instance in instances:
        await asyncio.to_thread(instance.serve, "--no-migrate")
    with balanced(instances, tmp_path / "haproxy.log") as balancer:
        yield balancer


def port_of(balancer: Balancer) -> int:
    """The port on which haproxy serves."""
    return int(balancer.url.rpartition(":")[2])


def ask(port: int, sent: bytes) -> Heard:
    """The answer to these bytes on a connection of their own."""
    with connection_to(port) as line:
        line.sendall(sent)
        return answer_on(line)


def problem(heard: Heard) -> tuple[int, str, str | None]:
    """Status, code and Retry-After of an answer that must be a problem."""
    assert heard.headers["content-type"] == PROBLEM, heard
    body = json.loads(heard.body)
    assert MEMBERS - {"errors"} <= body.keys()
    assert body["status"] == heard.status
    return heard.status, body["code"], heard.headers.get("retry-after")


def hurried(folder: Path) -> Path:
    """The configuration with timeouts of a second at most."""
    text = CONFIG.read_text()
    for name in ("server", "http-request"):
        text, found = re.subn(rf"^(    timeout {name}) \d+s$", r"\1 1s", text, flags=re.M)
        assert found == 1
    config = folder / "haproxy.cfg"
    config.write_text(text)
    return config


class Faulty(BaseHTTPRequestHandler):
    """A server that is ready, hangs up on POST, and is silent to other requests."""

    def do_GET(self) -> None:
        if self.path == "/readyz":
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()
        else:
            self.rfile.read()

    def do_POST(self) -> None:
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Logs nothing."""


@contextmanager
def faulty(port: int) -> Iterator[None]:
    """Such a server for the length of a block."""
    with ThreadingHTTPServer(("127.0.0.1", port), Faulty) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def test_without_an_instance_haproxy_says_so_as_boxoffice_would(
    instances: list[Program], tmp_path: Path
) -> None:
    with balanced(instances, tmp_path / "haproxy.log", ["DOWN", "DOWN"], hurried(tmp_path)) as balancer:
        port = port_of(balancer)
        assert problem(ask(port, GET + b"\r\n")) == (503, "overloaded", "2")
        assert problem(ask(port, b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")) == (403, "forbidden", None)
        assert problem(ask(port, CHUNKED[:-3] + b"0")) == (408, "request_timed_out", None)
        assert problem(ask(port, POST + b"Content-Length: 9\r\n\r\na")) == (408, "request_timed_out", None)
        trailer = problem(ask(port, GET + b"Trailer: X-Forwarded-For\r\n\r\n"))
        assert trailer == (400, "invalid_request", None)


def test_an_instance_that_breaks_off_or_is_silent_leaves_the_outcome_open(
    instances: list[Program], tmp_path: Path
) -> None:
    first, second = (faulty(instance.port) for instance in instances)
    with first, second, balanced(instances, tmp_path / "haproxy.log", config=hurried(tmp_path)) as balancer:
        broken = ask(port_of(balancer), POST + b"Content-Length: 2\r\n\r\n{}")
        silent = ask(port_of(balancer), GET + b"\r\n")
    assert problem(broken) == (502, "outcome_unknown", "1")
    assert problem(silent) == (504, "outcome_unknown", "5")


@pytest.mark.parametrize("way", ["haproxy", "direct"])
async def test_a_trailer_forges_no_address(instances: list[Program], tmp_path: Path, way: str) -> None:
    for instance in instances:
        instance.environment |= {"AUTH": "on", "RATE_READS_PER_MINUTE": str(READS)}
        await asyncio.to_thread(instance.serve, "--no-migrate")
    with balanced(instances, tmp_path / "haproxy.log") as balancer:
        port = port_of(balancer) if way == "haproxy" else instances[0].port
        forged = [CHUNKED + f"X-Forwarded-For: {ADDRESS % no}\r\n\r\n".encode() for no in range(6 * READS)]
        answers = [await asyncio.to_thread(ask, port, sent) for sent in forged]
    statuses = [answer.status for answer in answers]
    assert statuses.count(200) <= 2 * READS + 1  # each of the two instances counts for itself
    assert set(statuses) == {200, 429}


@pytest.mark.parametrize("way", ["haproxy", "direct"])
async def test_an_upgrade_to_http_2_is_ignored_and_the_body_arrives(
    balancer: Balancer, instances: list[Program], way: str
) -> None:
    port = port_of(balancer) if way == "haproxy" else instances[0].port
    plain = POST + H2C + b"Content-Length: %d\r\n\r\n" % len(SHOW) + SHOW
    chunked = POST + H2C + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(SHOW), SHOW)

    def converse() -> list[int]:
        with connection_to(port) as line:
            line.sendall(plain + chunked + GET + b"\r\n")
            return [answer.status for answer in answers_on(line, "POST", "POST", "GET")]

    assert await asyncio.to_thread(converse) == [201, 201, 200]


async def test_http_2_is_not_spoken_unasked(balancer: Balancer) -> None:
    """A client may begin with the preface of HTTP/2: haproxy takes it, unless told otherwise."""
    settings = b"\0\0\0\4\0\0\0\0\0"
    heard = await asyncio.to_thread(ask, port_of(balancer), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings)
    assert heard.status == 400


@pytest.mark.parametrize("way", ["haproxy", "direct"])
async def test_a_body_that_stalls_is_the_clients_fault_and_holds_no_shutdown(
    balancer: Balancer, instances: list[Program], way: str
) -> None:
    port = port_of(balancer) if way == "haproxy" else instances[0].port
    begun = POST + b"Content-Length: 60000\r\n\r\n" + b" " * 30_000  # more than a buffer of haproxy takes

    heard = await asyncio.to_thread(ask, port, begun)
    assert problem(heard) == (408, "request_timed_out", None)
    line = re.compile(r"method=POST .*route=/api/shows status=408")

    def logged() -> bool:
        return any(line.search(instance.output()) for instance in instances)

    await asyncio.to_thread(wait_until, logged, "the line of the request in the log")


@pytest.mark.parametrize("way", ["haproxy", "direct"])
async def test_floods_of_headers_and_long_paths_are_refused(
    balancer: Balancer, instances: list[Program], way: str
) -> None:
    port, limit = (port_of(balancer), 400) if way == "haproxy" else (instances[0].port, 431)
    tiny = await asyncio.to_thread(ask, port, GET + b"a:b\r\n" * 5_000 + b"\r\n")
    path = await asyncio.to_thread(ask, port, b"GET /" + b"a" * 5_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (tiny.status, path.status) == (limit, 414)
