"""The engine without HTTP, in a process of its own: the most that engine and database can reach together."""

import asyncio
import sys
from collections import Counter
from time import perf_counter
from typing import Final

import msgspec
import uvloop
from msgspec import Struct

from boxoffice.bench import programs
from boxoffice.bench.client import latency_of
from boxoffice.bench.load import environment
from boxoffice.bench.plan import USERS
from boxoffice.bench.results import Sample
from boxoffice.bench.servers import server_environment
from boxoffice.engine.engine import BookingEngine
from boxoffice.engine.runtime import open_engine
from boxoffice.settings.settings import Settings, load_settings
from boxoffice.vocabulary.commands import BookSeats
from boxoffice.vocabulary.outcomes import BookingDone


class Job(Struct, frozen=True, kw_only=True):
    """So many callers book single seats of a show, one after another, for so many seconds."""

    show_id: int
    callers: int
    seconds: float


class _Tally:
    def __init__(self) -> None:
        self.answers: Final[Counter[str]] = Counter()
        self.took_s: Final[list[float]] = []


async def book_inside(dsn: str, job: Job) -> Sample:
    """Runs the job as a program of its own."""
    output = await programs.run(
        [sys.executable, "-m", __name__],
        seconds=job.seconds,
        env=environment(**server_environment() | {"DATABASE_URL": dsn}),
        given=msgspec.json.encode(job),
    )
    return msgspec.json.decode(output, type=Sample)


async def _run(job: Job) -> Sample:
    tally = _Tally()
    async with open_engine(load_settings(Settings), sweep=False) as (engine, _):
        started = perf_counter()
        ends_at = started + job.seconds
        await asyncio.gather(*(_book(engine, job, tally, ends_at, no) for no in range(job.callers)))
        seconds = perf_counter() - started
    booked = tally.answers.pop("booked", 0)
    return Sample(
        seconds=seconds,
        rate=booked / seconds,
        effects={"booked": booked},
        latency=latency_of(tally.took_s),
        broken=dict(tally.answers),
    )


async def _book(engine: BookingEngine, job: Job, tally: _Tally, ends_at: float, no: int) -> None:
    command = BookSeats(show_id=job.show_id, user_id=1 + no % USERS, seat_count=1, actor="bench")
    while (began := perf_counter()) < ends_at:
        outcome = await engine.execute(command)
        tally.took_s.append(perf_counter() - began)
        tally.answers["booked" if isinstance(outcome, BookingDone) else outcome.code] += 1


if __name__ == "__main__":
    spec = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(_run(spec))))
