"""Load over HTTP: what is sent, and how both generators are told and report."""

import os
import resource
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal, Protocol

import msgspec
from msgspec import Struct

from boxoffice.bench.results import Latency, Sample, Unit

ANSWER_MAX_S: Final = 30
"""Seconds after which a request counts as unanswered: three times the longest wait in the engine."""

SPARE_FILES: Final = 100
"""Open files that a process needs besides its connections: its libraries, logs and database."""

EARLIER_MAX: Final = 1_000
"""Bookings that a generator keeps for being cancelled: enough to pick from."""

_ELSEWHERE: Final = ("DATABASE_URL", "DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASSWORD", "PG")

Inspect = Literal["none", "status", "follow"]


class Request(Struct, frozen=True):
    """A request, sent ``times`` times in a row. ``what="cancel"`` cancels an earlier booking of this load."""

    method: str = "POST"
    path: str = "/api/bookings"
    body: str = ""
    times: int = 1
    what: Literal["send", "cancel"] = "send"


class Load(Struct, frozen=True, kw_only=True):
    """Requests that are sent in order, again and again, over so many connections.

    ``inspect``: ``none`` counts every answer below 400 as a booking; ``status`` counts by status as well;
    ``follow`` reads the answers, counts what they say, and confirms every hold with the next request.
    ``authorization`` is a header of every request, unless empty. ``pause_ms`` follows each answer.
    """

    requests: Sequence[Request]
    connections: int
    seconds: float
    inspect: Inspect = "none"
    pause_ms: int = 0
    authorization: str = ""
    unit: Unit = "bookings/s"


class LoadGenerator(Protocol):
    """Something that sends a load to servers on this machine."""

    @property
    def name(self) -> str:
        """Its name and version."""

    async def send(self, load: Load, ports: Sequence[int], folder: Path) -> Sample:
        """Send the load, in equal parts to the ports; ``folder`` is for files. Raises ``BenchError``."""


def booking(show_id: int, user_id: int, *, times: int = 1, **more: object) -> Request:
    """Books one seat of a show; ``more`` are further fields of the body."""
    body: dict[str, object] = {"user_id": user_id, "show_id": show_id}
    if "seat_numbers" not in more:
        body["seats_booked"] = 1
    return Request(body=msgspec.json.encode(body | more).decode(), times=times)


def write_requests(load: Load, file: Path) -> None:
    """Write the requests as both generators read them: a line for each, its fields separated by tabs."""
    lines = [f"{r.times}\t{r.what}\t{r.method}\t{r.path}\t{r.body}\n" for r in load.requests]
    file.write_text("".join(lines))


def read_requests(file: Path) -> list[Request]:
    """Reads what ``write_requests`` wrote."""
    found = []
    for line in file.read_text().splitlines():
        times, what, method, path, body = line.split("\t")
        found.append(Request(method, path, body, int(times), "cancel" if what == "cancel" else "send"))
    return found


def sample_of(
    load: Load,
    *,
    seconds: float,
    latency: Latency | None,
    answers: dict[str, int],
    effects: dict[str, int],
    broken: dict[str, int],
    in_flight: int,
) -> Sample:
    """The sample from what a generator counted; every success is a booking unless the answers were read."""
    if load.inspect != "follow":
        effects = {"booked": sum(n for status, n in answers.items() if status < "3")}
    counted = sum(answers.values()) if load.unit == "requests/s" else effects.get("booked", 0)
    return Sample(
        seconds=seconds,
        rate=counted / seconds,
        effects=effects,
        latency=latency,
        answers=answers,
        broken=broken,
        in_flight=in_flight,
    )


def connections_possible(wanted: int) -> int:
    """How many connections a process here can have open at once, ``wanted`` at most.

    Raises this process' soft limit of open files to the hard one, which its children inherit.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        hard = max(soft, wanted + SPARE_FILES)
    if soft < min(hard, wanted + SPARE_FILES):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    return min(wanted, hard - SPARE_FILES)


def environment(**more: str) -> dict[str, str]:
    """The environment for a child: ours, without the settings of a database, and with ``more``."""
    ours = {name: text for name, text in os.environ.items() if not name.startswith(_ELSEWHERE)}
    return ours | more
