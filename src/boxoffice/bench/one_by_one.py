"""One booking a transaction by a loop over asyncpg, for machines without pgbench."""

import asyncio
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Final
from uuid import uuid4

import asyncpg
import msgspec
import uvloop
from msgspec import Struct

from boxoffice.bench import programs
from boxoffice.bench.client import latency_of
from boxoffice.bench.load import environment
from boxoffice.bench.pgbench import Isolation
from boxoffice.bench.plan import USERS
from boxoffice.bench.results import Sample
from boxoffice.database.errors import CONFLICTS
from boxoffice.engine.encoding import encoded_batch
from boxoffice.settings.settings import Settings, load_settings
from boxoffice.sql import query
from boxoffice.vocabulary.commands import BookSeats


class Job(Struct, frozen=True, kw_only=True):
    """What the process is to do: the parameters of ``PgBench.book``."""

    shows: Sequence[int]
    clients: int
    isolation: Isolation
    seconds: float
    batch: int


class OneByOne:
    """As ``PgBench``, in one Python process. This baseline is slower, so Boxoffice looks better beside it."""

    name: Final = "asyncpg loop (pgbench was not found)"

    async def book(
        self,
        dsn: str,
        folder: Path,  # noqa: ARG002 - as pgbench, which needs one
        shows: Sequence[int],
        *,
        clients: int,
        isolation: Isolation,
        seconds: float,
        batch: int = 1,
    ) -> Sample:
        """Measure once, in a process of its own."""
        job = Job(shows=shows, clients=clients, isolation=isolation, seconds=seconds, batch=batch)
        env = environment(DATABASE_URL=dsn)
        command = [sys.executable, "-m", __name__]
        output = await programs.run(command, seconds=seconds, env=env, given=msgspec.json.encode(job))
        return msgspec.json.decode(output, type=Sample)


async def _run(job: Job) -> Sample:
    took_s: list[float] = []
    started = perf_counter()
    await asyncio.gather(*(_client(job, took_s, started + job.seconds) for _ in range(job.clients)))
    seconds = perf_counter() - started
    booked = len(took_s) * job.batch
    return Sample(
        seconds=seconds, rate=booked / seconds, effects={"booked": booked}, latency=latency_of(took_s)
    )


async def _client(job: Job, took_s: list[float], ends_at: float) -> None:
    settings = {"default_transaction_isolation": job.isolation, "enable_seqscan": "off", "jit": "off"}
    connection = await asyncpg.connect(load_settings(Settings).database.dsn, server_settings=settings)
    try:
        while (began := perf_counter()) < ends_at:
            show_id = random.choice(job.shows)
            commands = encoded_batch([_booking(show_id) for _ in range(job.batch)])
            while True:
                try:
                    await connection.fetch(query("run_batch"), uuid4(), commands, False)
                except CONFLICTS:
                    continue
                break
            took_s.append(perf_counter() - began)
    finally:
        await connection.close()


def _booking(show_id: int) -> BookSeats:
    user_id = random.randint(1, USERS)
    return BookSeats(actor="bench", show_id=show_id, user_id=user_id, seat_count=1)


if __name__ == "__main__":
    spec = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(_run(spec))))
