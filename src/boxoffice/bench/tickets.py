"""Bookings by ticket, without HTTP: how many a second are taken and decided, beside bookings that wait.

All kinds are measured in turn in one run, so that a machine whose speed drifts treats them alike.
``rabbitmq`` is the intake through RabbitMQ; ``alone`` the same while nothing can be noted, as without
PostgreSQL.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from time import perf_counter
from typing import Any, Final

from msgspec import Struct

from boxoffice.database.store import Store
from boxoffice.engine.engine import BookingEngine
from boxoffice.engine.runtime import open_engine
from boxoffice.feed.runtime import open_feed
from boxoffice.requests.asked import Asked, asked
from boxoffice.requests.intake import Intake, Taken
from boxoffice.requests.notices import Notices
from boxoffice.requests.rabbitmq import BookingQueue
from boxoffice.requests.tickets import Signer, new_id
from boxoffice.requests.waiting import Waiting
from boxoffice.requests.worker import Worker
from boxoffice.serve.operations import DOMAINS, kinds_of
from boxoffice.settings.settings import Settings
from boxoffice.vocabulary.commands import BookSeats
from boxoffice.vocabulary.faults import Fault, Unavailable
from boxoffice.web.http.problems import Problems

SECONDS: Final = 600.0
"""Seconds that a ticket of the benchmark may wait: none shall be late because the machine is slow."""

CONNECT_MAX_S: Final = 10.0
"""Seconds until RabbitMQ must have taken its first message."""

Ask = Callable[[], Awaitable[Any]]


class Rates(Struct, frozen=True):
    """Bookings a second. ``decided``: tickets that a worker has decided and answered; None: no RabbitMQ."""

    waited: float
    taken: float
    decided: float
    rabbitmq: float | None = None
    alone: float | None = None


class _NothingIsNoted(Intake):
    """An intake as without PostgreSQL."""

    async def take(self, request: Asked) -> Taken:  # noqa: ARG002 - nothing is noted
        raise Unavailable("as without PostgreSQL")


async def measure(
    settings: Settings, show_id: int, *, seconds: float, callers: int, url: str | None
) -> Rates:
    """The rates in a show with seats enough; ``url``: a RabbitMQ to use. Nothing else works on the show."""
    async with AsyncExitStack() as stack:
        engine, _ = await stack.enter_async_context(open_engine(settings, sweep=False))
        store = (await stack.enter_async_context(open_feed(settings, engine))).store
        waited = await _rate(lambda: engine.execute(_command(show_id)), seconds, callers)
        intake = Intake(store, lambda: None)
        began = perf_counter()
        taken = await _rate(
            lambda: intake.take(asked(_command(show_id), new_id(), "", SECONDS)), seconds, callers
        )
        count = round(taken * (perf_counter() - began))
        decided = count / await _decided_in(store, engine, show_id)
        if url is None:
            return Rates(waited, taken, decided)
        queue = await stack.enter_async_context(_queue(url, store, intake))
        through = await _rate(lambda: queue.publish(_command(show_id), "", SECONDS), seconds, callers)
        alone = await stack.enter_async_context(_queue(url, store, _NothingIsNoted(store, lambda: None)))
        without = await _rate(lambda: alone.publish(_command(show_id), "", SECONDS), seconds, callers)
    return Rates(waited, taken, decided, through, without)


def _command(show_id: int) -> BookSeats:
    return BookSeats(actor="bench", show_id=show_id, user_id=1, seat_count=1)


async def _rate(ask: Ask, seconds: float, callers: int) -> float:
    """How many a second, if so many callers ask one after another."""
    numbers = itertools.count()
    began = perf_counter()
    ends_at = began + seconds

    async def one() -> None:
        while perf_counter() < ends_at:
            await ask()
            next(numbers)

    await asyncio.gather(*(one() for _ in range(callers)))
    return next(numbers) / (perf_counter() - began)


async def _decided_in(store: Store, engine: BookingEngine, show_id: int) -> float:
    """Seconds until nothing waits in the show."""
    worker = Worker(
        store, engine, Problems(kinds_of(DOMAINS)), Waiting(store, lambda: False), lambda: range(16)
    )
    began = perf_counter()
    task = asyncio.create_task(worker.run())
    while await store.read("queued_requests", show_id, 0, 1):  # noqa: ASYNC110 - nothing else tells it
        await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait([task])
    return perf_counter() - began


@asynccontextmanager
async def _queue(url: str, store: Store, intake: Intake) -> AsyncIterator[BookingQueue]:
    notices = Notices("urn:bench", Signer(url))
    queue = BookingQueue(url, store, intake, Problems(kinds_of(DOMAINS)), notices)
    task = asyncio.create_task(queue.run())
    try:
        async with asyncio.timeout(CONNECT_MAX_S):
            while not await _takes(queue):  # noqa: ASYNC110 - nothing else tells it
                await asyncio.sleep(0.1)
        yield queue
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _takes(queue: BookingQueue) -> bool:
    try:
        await queue.publish(_command(1), "", 1.0)
    except Fault:
        return False
    return True
