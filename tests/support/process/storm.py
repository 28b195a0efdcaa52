"""Storms: many equal requests over kept connections, as one hostile program sends them."""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random
from typing import Final

import httpx

from tests.support.process.program import Program

CONNECTIONS: Final = 32
"""Connections of a storm, more than one host of a browser opens and far fewer than a balancer takes."""

BUNDLE: Final = "/api-docs/assets/swagger-ui/swagger-ui-bundle.js"
"""The largest file that the server has."""

_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")

Ask = Callable[[int], tuple[str, str]]
"""A function that gives the method and path of the n-th request."""


def kinds(large_show: int) -> dict[str, Ask]:
    """The storms by what they ask for. ``large_show``: the id of a show with a million seats."""
    seats = f"/api/shows/{large_show}/available-seats"
    chance = Random(11)  # noqa: S311 - no secret
    return {
        "HEAD of the bundle": lambda _: ("HEAD", BUNDLE),
        "the bundle": lambda _: ("GET", BUNDLE),
        "the description": lambda _: ("GET", "/api/openapi.json"),
        "the API page": lambda _: ("GET", "/api-docs"),
        "unknown paths": lambda n: ("GET", f"/wp-admin/{n}.php"),
        "preflights": lambda _: ("OPTIONS", "/api/bookings"),
        "probes": lambda n: ("GET", "/readyz" if n % 2 else "/healthz"),
        "health": lambda _: ("GET", "/health"),
        "all of a million seats": lambda n: ("GET", seats + ("?format=ranges" if n % 2 else "")),
        "parts of a million seats": lambda _: (
            "GET",
            f"{seats}?from={chance.randrange(1, 980_000)}&limit=20000",
        ),
        "pages of shows": lambda n: ("GET", f"/api/shows?limit={100 + n % 900}"),
    }


class Storm:
    """Requests to a server; ``statuses`` counts their answers, 0 for none."""

    def __init__(self, url: str, ask: Ask) -> None:
        self._url = httpx.URL(url)
        self._ask = ask
        self._sent = 0
        self._left = 0
        self.statuses: Counter[int] = Counter()

    async def blow(self, requests: int, per_s: float) -> None:
        """Sends so many requests, ``per_s`` a second; fewer a second if the server answers late."""
        self._left = requests
        await asyncio.gather(*(self._line(CONNECTIONS / per_s, n) for n in range(CONNECTIONS)))

    async def _line(self, every_s: float, number: int) -> None:
        await asyncio.sleep(every_s * number / CONNECTIONS)  # so that the lines do not send at once
        while self._left > 0:
            reader, writer = await asyncio.open_connection(self._url.host, self._url.port)
            try:
                while self._left > 0:
                    self._left -= 1
                    next_at = time.monotonic() + every_s
                    self.statuses[await self._answer(reader, writer)] += 1
                    await asyncio.sleep(max(0.0, next_at - time.monotonic()))  # the rate
            except (OSError, EOFError):
                self.statuses[0] += 1
            finally:
                writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
        method, path = self._ask(self._sent)
        self._sent += 1
        host = f"{self._url.host}:{self._url.port}"
        writer.write(f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nAccept-Encoding: gzip\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        status = int(head.split(b" ", 2)[1])
        _, found, rest = head.partition(b"\r\ncontent-length:")
        if found and method != "HEAD" and status not in (204, 304):
            await reader.readexactly(int(rest.split(b"\r\n", 1)[0]))
        return status


def cpu_s(programs: Iterable[Program]) -> float:
    """The processor time that the servers have used together, in seconds."""
    texts = [Path(f"/proc/{program.process.pid}/stat").read_text() for program in programs]
    fields = [text.rpartition(")")[2].split() for text in texts]
    return sum(int(user) + int(system) for *_, user, system in (each[:13] for each in fields)) / _TICKS_PER_S


def resident_mb(programs: Iterable[Program]) -> list[float]:
    """The memory that each of the servers has in use, in megabytes."""
    texts = [Path(f"/proc/{program.process.pid}/status").read_text() for program in programs]
    return [int(text.partition("VmRSS:")[2].split()[0]) / 1024 for text in texts]
