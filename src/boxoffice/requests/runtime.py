"""Asynchronous booking of a process, put together from its parts."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any, Final

import structlog
from msgspec.structs import fields

from boxoffice.database.store import Store
from boxoffice.feed.leases import Leases
from boxoffice.requests import bounds, meters
from boxoffice.requests.desk import Desk, Queue
from boxoffice.requests.intake import Intake
from boxoffice.requests.notices import Notices
from boxoffice.requests.settings import RequestSettings
from boxoffice.requests.tickets import Signer
from boxoffice.requests.waiting import Waiting
from boxoffice.requests.worker import Worker
from boxoffice.settings.settings import Settings
from boxoffice.settings.texts import SettingsError
from boxoffice.vocabulary.faults import Fault
from boxoffice.web.http.problems import Problems
from boxoffice.web.http.services import Services

DUTY: Final = "requests"
"""The duty under which processes share the slices of the shows."""

log = structlog.get_logger(__name__)


@asynccontextmanager
async def open_requests(services: Services) -> AsyncIterator[None]:
    """Takes, decides and tells requests, from the start of a process to its end. At the end the requests that
    came are noted; those that wait stay for the next process.
    """
    store = services.feed.store
    leases = Leases(store, DUTY)
    async with serving(services, store, lambda: list(leases.held)):
        leases.start()
        try:
            yield
        finally:
            await leases.stop()


@asynccontextmanager
async def serving(
    services: Services, store: Store, slices: Callable[[], Collection[int]]
) -> AsyncIterator[None]:
    """The desk, with the worker for the slices that ``slices`` names each time."""
    settings = settings_of(services.settings)
    waiting = Waiting(store, lambda: services.drain.begun)
    notices = _notices_of(settings, services.feed.source)
    worker = Worker(store, services.engine, services.problems, waiting, slices, notices)
    intake = Intake(store, worker.wake)
    kept = timedelta(days=services.settings.retention.idempotency_keys_kept_days)
    async with _queue_of(settings, store, intake, services.problems, notices) as queue:
        services.deferral = Desk(
            store,
            services.engine,
            services.problems,
            intake=intake,
            worker=worker,
            waiting=waiting,
            seconds=min(settings.async_booking_seconds, services.settings.holds.seconds_max),
            accepts=settings.async_bookings,
            queue=queue,
        )
        try:
            count, forget = partial(_count, store, intake), partial(_forget, store, kept)
            async with _running([worker.run, waiting.look, count, forget]):
                yield
        finally:
            services.deferral = None
            await intake.stop()


Loop = Callable[[], Coroutine[Any, Any, None]]


@asynccontextmanager
async def _running(loops: Collection[Loop]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(_again_and_again(loop)) for loop in loops]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def _again_and_again(loop: Loop) -> None:
    """A loop that an unforeseen exception has ended begins anew: else nobody would be answered any more, and
    nobody would know.
    """
    while True:
        try:
            await loop()
        except Exception:
            log.exception("a loop of requests begins anew")
        await asyncio.sleep(bounds.PAUSE_S)


def _notices_of(settings: RequestSettings, source: str) -> Notices | None:
    url = settings.booking_queue_url
    return None if url is None else Notices(source, Signer(url.reveal()))


@asynccontextmanager
async def _queue_of(
    settings: RequestSettings, store: Store, intake: Intake, problems: Problems, notices: Notices | None
) -> AsyncIterator[Queue | None]:
    """The queue of the settings, connected or trying to be. Raises ``SettingsError`` without the extra."""
    if settings.booking_queue_url is None or notices is None:
        yield None
        return
    try:
        from boxoffice.requests.rabbitmq import BookingQueue  # noqa: PLC0415 - only with the extra
    except ImportError as error:
        raise SettingsError("BOOKING_QUEUE_URL needs the extra: pip install 'boxoffice[rabbitmq]'") from error
    queue = BookingQueue(settings.booking_queue_url.reveal(), store, intake, problems, notices)
    async with _running([queue.run]):
        yield queue
        await notices.settle()


async def _count(store: Store, intake: Intake) -> None:
    """Counts what waits, for the bound over all shows and for the metrics."""
    while True:
        try:
            [row] = await store.read("queue_of_requests", bounds.QUEUED_MAX)
        except Fault as fault:
            log.warning("requests cannot be counted", reason=str(fault))
        else:
            intake.queued = row["queued"]
            meters.QUEUED.set(row["queued"])
            meters.OLDEST_SECONDS.set(row["oldest_s"])
        await asyncio.sleep(bounds.COUNT_EVERY_S)


async def _forget(store: Store, age: timedelta) -> None:
    """Deletes answers that are older than this, now and then."""
    while True:
        try:
            [row] = await store.write("forget_requests", age, bounds.FORGET_ROWS_MAX)
        except Fault as fault:
            log.warning("old answers cannot be deleted", reason=str(fault))
        else:
            if row["forgotten"] == bounds.FORGET_ROWS_MAX:
                continue
        await asyncio.sleep(bounds.FORGET_EVERY_S)


def settings_of(settings: Settings) -> RequestSettings:
    """The group of this domain among the settings of the program."""
    groups = (getattr(settings, field.name) for field in fields(settings))
    return next((group for group in groups if isinstance(group, RequestSettings)), RequestSettings())
