"""The built-in load generator: one process on uvloop, for machines without wrk.

When the time is over, the generator sends nothing more and waits for every answer.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import quantiles
from time import perf_counter
from typing import Final, cast

import httptools
import msgspec
import uvloop

from boxoffice.bench import programs
from boxoffice.bench.load import (
    ANSWER_MAX_S,
    EARLIER_MAX,
    Load,
    Request,
    environment,
    read_requests,
    sample_of,
    write_requests,
)
from boxoffice.bench.results import Latency, Sample

CONNECTING_MAX: Final = 500
"""Connections that are opened at the same time: more could overflow the server's backlog."""


class BuiltIn:
    """Runs this module as a program of its own, so that it has a core to itself."""

    name: Final = "built-in (asyncio on uvloop, one process)"

    async def send(self, load: Load, ports: Sequence[int], folder: Path) -> Sample:
        """As ``LoadGenerator.send``."""
        file = folder / f"requests-{id(load)}.tsv"
        write_requests(load, file)
        spec = msgspec.json.encode((msgspec.structs.replace(load, requests=[]), ports, str(file)))
        output = await programs.run(
            [sys.executable, "-m", __name__], seconds=load.seconds, env=environment(), given=spec
        )
        file.unlink()
        return msgspec.json.decode(output, type=Sample)


class _Run:
    """What all connections share: the requests, the counts, the time."""

    def __init__(self, load: Load, requests: Sequence[Request]) -> None:
        self.load: Final = load
        self.texts: Final = _around(
            [None if r.what == "cancel" else self._text(r) for r in _repeated(requests)]
        )
        self.to_confirm: Final[list[int]] = []
        self.earlier: Final[list[int]] = []
        self.answers: Final[Counter[str]] = Counter()
        self.effects: Final[Counter[str]] = Counter()
        self.broken: Final[Counter[str]] = Counter()
        self.took_s: Final[list[float]] = []
        self.ends_at = 0.0

    def next_text(self) -> bytes:
        """The next request: the confirmation of a hold if one is due, else the next of the load."""
        if self.to_confirm:
            return self._text(Request(path=f"/api/bookings/{self.to_confirm.pop()}/confirm"))
        while (text := next(self.texts)) is None:
            if self.earlier:
                return self._text(Request("DELETE", f"/api/bookings/{self.earlier.pop()}"))
        return text

    def _text(self, request: Request) -> bytes:
        body = request.body.encode()
        head = f"{request.method} {request.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        if self.load.authorization:
            head += f"Authorization: {self.load.authorization}\r\n"
        if body:
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        return head.encode() + b"\r\n" + body

    def follow(self, status: int, body: bytes) -> None:
        """Count what a successful answer says, and keep the booking to confirm or cancel it later."""
        data = msgspec.json.decode(body).get("data")
        match status, data.get("status") if isinstance(data, dict) else None:
            case 201, "PENDING":
                self.effects["held"] += 1
                self.to_confirm.append(data["id"])
            case _, "CONFIRMED":
                self.effects["booked" if status == 201 else "confirmed"] += 1
                if len(self.earlier) < EARLIER_MAX:
                    self.earlier.append(data["id"])
            case _, "CANCELLED":
                self.effects["cancelled"] += 1


class _Connection(asyncio.Protocol):
    """Sends a request, waits for its answer, and goes on until the time is over."""

    def __init__(self, run: _Run) -> None:
        self._run = run
        self.finished: Final = asyncio.get_running_loop().create_future()
        self._parser = httptools.HttpResponseParser(self)
        self._body = b""
        self._sent_at = 0.0
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Waits for ``begin``, so that all begin together."""
        self._transport = cast("asyncio.Transport", transport)

    def begin(self) -> None:
        """Send the next request, after the pause if there is one. Once the time is over, send none."""
        if perf_counter() >= self._run.ends_at:
            self._finish()
        elif self._run.load.pause_ms:
            asyncio.get_running_loop().call_later(self._run.load.pause_ms / 1_000, self._send)
        else:
            self._send()

    def data_received(self, data: bytes) -> None:
        """Feeds the parser, which calls the methods below."""
        self._parser.feed_data(data)

    def on_body(self, part: bytes) -> None:
        """Keep the body if the load reads its answers."""
        if self._run.load.inspect == "follow":
            self._body += part

    def on_message_complete(self) -> None:
        """Counts the answer and goes on."""
        run, status = self._run, self._parser.get_status_code()
        run.took_s.append(perf_counter() - self._sent_at)
        run.answers[str(status)] += 1
        if run.load.inspect == "follow" and status <= 201:
            run.follow(status, self._body)
        self._body = b""
        self._parser = httptools.HttpResponseParser(self)
        self.begin()

    def connection_lost(self, _error: Exception | None) -> None:
        """Count the request as broken. A connection that the server closed is not opened again."""
        if not self.finished.done():
            self._run.broken["read"] += 1
            self._finish()

    def _send(self) -> None:
        if self._transport.is_closing():
            return
        self._sent_at = perf_counter()
        self._transport.write(self._run.next_text())

    def _finish(self) -> None:
        if not self.finished.done():
            self.finished.set_result(None)
        self._transport.abort()  # a reset leaves no port in TIME_WAIT


async def send_load(load: Load, ports: Sequence[int], requests: Sequence[Request]) -> Sample:
    """Opens all connections, sends the load, waits for every answer, ``ANSWER_MAX_S`` at most."""
    run = _Run(load, requests)
    connections = await _connect(run, ports)
    started = perf_counter()
    run.ends_at = started + load.seconds
    for connection in connections:
        connection.begin()
    if connections:
        waiting = [connection.finished for connection in connections]
        _, late = await asyncio.wait(waiting, timeout=load.seconds + ANSWER_MAX_S)
        run.broken["timeout"] += len(late)
    return sample_of(
        load,
        seconds=perf_counter() - started,
        latency=latency_of(run.took_s),
        answers=dict(run.answers),
        effects=dict(run.effects),
        broken={reason: n for reason, n in run.broken.items() if n},
        in_flight=run.broken["timeout"] + run.broken["read"],
    )


def latency_of(took_s: Sequence[float]) -> Latency | None:
    """The percentiles of these times, given in seconds; None if there are fewer than two."""
    if len(took_s) < 2:
        return None
    cuts = quantiles(took_s, n=100, method="inclusive")
    return Latency(cuts[49] * 1_000, cuts[89] * 1_000, cuts[98] * 1_000, max(took_s) * 1_000)


async def _connect(run: _Run, ports: Sequence[int]) -> list[_Connection]:
    loop = asyncio.get_running_loop()
    opened: list[_Connection] = []
    for first in range(0, run.load.connections, CONNECTING_MAX):
        places = range(first, min(first + CONNECTING_MAX, run.load.connections))
        made = await asyncio.gather(
            *(
                loop.create_connection(lambda: _Connection(run), "127.0.0.1", ports[n % len(ports)])
                for n in places
            ),
            return_exceptions=True,
        )
        opened += [one[1] for one in made if not isinstance(one, BaseException)]
    run.broken["connect"] += run.load.connections - len(opened)
    return opened


def _repeated(requests: Sequence[Request]) -> Iterator[Request]:
    for request in requests:
        for _ in range(request.times):
            yield request


def _around(texts: Sequence[bytes | None]) -> Iterator[bytes | None]:
    while True:
        yield from texts


def main() -> None:
    """Reads load, ports and the file of requests from standard input; writes the sample as JSON."""
    load, ports, file = msgspec.json.decode(sys.stdin.buffer.read(), type=tuple[Load, list[int], str])
    sample = uvloop.run(send_load(load, ports, read_requests(Path(file))))
    sys.stdout.buffer.write(msgspec.json.encode(sample))


if __name__ == "__main__":
    main()
