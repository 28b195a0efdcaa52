"""A program that takes tickets without HTTP and decides them: at once, then at a steady pace.

``noted`` is the way through PostgreSQL alone, ``rabbitmq`` the way through RabbitMQ. ``away`` is the same
while nothing can be noted, as without PostgreSQL, and what comes of it when PostgreSQL is back.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from time import perf_counter
from typing import Final, Literal, TypedDict
from uuid import UUID

import msgspec
import uvloop
from msgspec import Struct

from boxoffice.bench import pacing, programs
from boxoffice.bench.client import latency_of
from boxoffice.bench.load import environment
from boxoffice.bench.results import Sample
from boxoffice.bench.servers import server_environment
from boxoffice.database.store import Store
from boxoffice.engine.engine import BookingEngine
from boxoffice.engine.runtime import open_engine
from boxoffice.feed.leases import SLICES
from boxoffice.feed.runtime import open_feed
from boxoffice.requests import bounds
from boxoffice.requests.asked import Asked, asked
from boxoffice.requests.intake import Intake, Taken
from boxoffice.requests.notices import Notices
from boxoffice.requests.tickets import Signer, new_id
from boxoffice.requests.told import Told
from boxoffice.requests.waiting import Waiting
from boxoffice.requests.worker import Worker
from boxoffice.serve.operations import DOMAINS, kinds_of
from boxoffice.settings.settings import Settings, load_settings
from boxoffice.vocabulary.commands import BookSeats
from boxoffice.vocabulary.faults import Fault, Unavailable
from boxoffice.web.http.problems import Problems

ANSWER_S: Final = 600.0
"""Seconds that a ticket of the benchmark may wait: none shall be late because the machine is slow."""

CALLERS: Final = 256
"""Callers who take tickets at the same time, as many as a commit of the intake notes."""

CONNECT_MAX_S: Final = 10.0
"""Seconds until RabbitMQ must have taken its first message."""

CONNECT_LOOK_S: Final = 0.1
"""Pause between two tries to publish that first message, in seconds."""

DECIDED_PER_S_MIN: Final = 500
"""A worker that decides fewer tickets a second than this hangs: the program is ended."""


class Failed(TypedDict):
    """The part of a sample that tells what failed."""

    broken: dict[str, int]
    in_flight: int


Way = Literal["noted", "rabbitmq", "away"]


class Job(Struct, frozen=True, kw_only=True):
    """Tickets are taken for so many seconds, and ``come`` more at the steady pace. ``url``: a RabbitMQ.

    The show has seats enough, and nothing else works on it.
    """

    way: Way
    show_id: int
    seconds: float
    come: int
    url: str | None = None


class Rates(Struct, frozen=True):
    """Tickets a second: taken by a crowd, and decided afterwards; and at the steady pace, with the delay from
    the asking for each ticket to its answer. While PostgreSQL is away nothing comes at a steady pace.
    """

    taken: Sample
    decided: Sample
    steady: Sample | None


class _NothingIsNoted(Intake):
    """An intake as without PostgreSQL."""

    async def take(self, request: Asked) -> Taken:  # noqa: ARG002 - nothing is noted
        raise Unavailable("as without PostgreSQL")


class _TimedWorker(Worker):
    """A worker that notes when each ticket was answered."""

    def __init__(self, store: Store, engine: BookingEngine, problems: Problems) -> None:
        super().__init__(store, engine, problems, Waiting(store, lambda: False), lambda: range(SLICES))
        self.answered_at: dict[UUID, float] = {}
        self._wanted = 0
        self._level = asyncio.Event()

    async def answer(self, answers: Sequence[Told]) -> None:
        await super().answer(answers)
        now = perf_counter()
        self.answered_at.update((one.ticket_id, now) for one in answers)
        if len(self.answered_at) >= self._wanted:
            self._level.set()

    async def until(self, tickets: int) -> None:
        """Returns when so many tickets were answered."""
        self._wanted = tickets
        if len(self.answered_at) < tickets:
            self._level.clear()
            await self._level.wait()


class _Desk:
    """Takes tickets in one way, and notes when each was asked for."""

    def __init__(self, job: Job, store: Store, worker: _TimedWorker, problems: Problems) -> None:
        self._job = job
        self._store = store
        self._problems = problems
        self._intake = Intake(store, worker.wake)
        self.asked_at: dict[UUID, float] = {}
        self.failed: Counter[str] = Counter()

    def counted(self, ask: pacing.Ask) -> pacing.Ask:
        """The same, but what fails is counted: a machine that is too slow refuses, and the run goes on."""

        async def one() -> None:
            try:
                await ask()
            except Fault as fault:
                self.failed[type(fault).__name__] += 1

        return one

    async def note(self) -> None:
        """A ticket through PostgreSQL."""
        await self._take(lambda: self._intake.take(asked(self._command(), new_id(), "", ANSWER_S)))

    @asynccontextmanager
    async def queue(self, *, away: bool) -> AsyncIterator[pacing.Ask]:
        """How to take a ticket through RabbitMQ, from which this process notes; or does not, if PostgreSQL is
        ``away``.
        """
        from boxoffice.requests.rabbitmq import BookingQueue  # noqa: PLC0415 - an extra

        intake = _NothingIsNoted(self._store, lambda: None) if away else self._intake
        assert self._job.url is not None
        notices = Notices("urn:bench", Signer(self._job.url))
        queue = BookingQueue(self._job.url, self._store, intake, self._problems, notices)

        async def publish() -> None:
            await self._take(lambda: queue.publish(self._command(), "", ANSWER_S))

        running = asyncio.create_task(queue.run())
        try:
            await _connected(publish)
            yield publish
        finally:
            running.cancel()
            await asyncio.wait([running])

    async def _take(self, ask: pacing.Ask) -> None:
        began = perf_counter()
        taken: Taken = await ask()
        if taken.fate != "taken":
            raise RuntimeError(f"a ticket of the measurement was not taken: {taken.fate}")
        self.asked_at[taken.ticket.id] = began

    def _command(self) -> BookSeats:
        return BookSeats(actor="bench", show_id=self._job.show_id, user_id=1, seat_count=1)


async def ticket(dsn: str, job: Job) -> Rates:
    """Runs the job as a program of its own. Raises ``BenchError``."""
    output = await programs.run(
        [sys.executable, "-m", __name__],
        seconds=job.seconds + (bounds.QUEUED_IN_SHOW_MAX + job.come) / DECIDED_PER_S_MIN,
        env=environment(**server_environment() | {"DATABASE_URL": dsn}),
        given=msgspec.json.encode(job),
    )
    return msgspec.json.decode(output.rpartition("\n")[2], type=Rates)


async def run(settings: Settings, job: Job) -> Rates:
    """Takes tickets, decides them, and does both at the steady pace."""
    async with AsyncExitStack() as stack:
        engine, _ = await stack.enter_async_context(open_engine(settings, sweep=False))
        store = (await stack.enter_async_context(open_feed(settings, engine))).store
        problems = Problems(kinds_of(DOMAINS))
        worker = _TimedWorker(store, engine, problems)
        desk = _Desk(job, store, worker, problems)
        if job.way == "away":
            async with desk.queue(away=True) as publish:
                taken = await _taken(publish, job, desk)
            await stack.enter_async_context(desk.queue(away=False))
            return Rates(taken, await _decided(stack, worker, desk), None)
        ask = desk.note if job.way == "noted" else await stack.enter_async_context(desk.queue(away=False))
        taken = await _taken(ask, job, desk)
        decided = await _decided(stack, worker, desk)
        return Rates(taken, decided, await _steady(ask, job, worker, desk))


async def _connected(publish: pacing.Ask) -> None:
    """Returns when RabbitMQ has taken a first ticket, which is decided like the others."""
    async with asyncio.timeout(CONNECT_MAX_S):
        while True:
            try:
                await publish()
            except Fault:
                await asyncio.sleep(CONNECT_LOOK_S)
            else:
                return


async def _taken(ask: pacing.Ask, job: Job, desk: _Desk) -> Sample:
    """The tickets of a crowd: with those of the steady pace no more than may wait in a show."""
    before = len(desk.asked_at)
    burst = await pacing.crowd(desk.counted(ask), CALLERS, bounds.QUEUED_IN_SHOW_MAX // 2, job.seconds)
    return Sample(
        seconds=burst.seconds,
        rate=(len(desk.asked_at) - before) / burst.seconds,
        effects={},
        latency=latency_of(burst.took_s),
        **_failed(desk),
    )


async def _decided(stack: AsyncExitStack, worker: _TimedWorker, desk: _Desk) -> Sample:
    """Begins to decide, and returns when every ticket is answered; the worker goes on."""
    count, began = len(desk.asked_at), perf_counter()
    task = asyncio.create_task(worker.run())
    stack.push_async_callback(asyncio.wait, [task])
    stack.callback(task.cancel)
    await worker.until(count)
    seconds = perf_counter() - began
    return Sample(seconds=seconds, rate=count / seconds, effects={"booked": count})


async def _steady(ask: pacing.Ask, job: Job, worker: _TimedWorker, desk: _Desk) -> Sample:
    before, began = set(desk.asked_at), perf_counter()
    await pacing.steady(desk.counted(ask), job.come)
    await worker.until(len(desk.asked_at))
    seconds = perf_counter() - began
    late_s = [worker.answered_at[one] - at for one, at in desk.asked_at.items() if one not in before]
    return Sample(
        seconds=seconds,
        rate=len(late_s) / seconds,
        effects={"booked": len(late_s)},
        latency=latency_of(late_s),
        **_failed(desk),
    )


def _failed(desk: _Desk) -> Failed:
    """What failed since the last sample. A request without an answer may be noted all the same."""
    failed = dict(desk.failed)
    desk.failed.clear()
    return Failed(broken=failed, in_flight=sum(failed.values()))


if __name__ == "__main__":
    spec = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(run(load_settings(Settings), spec))))
