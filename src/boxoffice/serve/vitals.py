"""The vital signs of a running server: metrics that are measured now and then, not counted as things happen.

The gauges of this process are set every second. The figures of the database are queried every few seconds and
never during a scrape, so that scrapes cost the database nothing. A scrape tells the figures that this process
saw last. Every worker sees the same database, so the figures of several workers are not added up, and a show
that is no longer among the busiest disappears at once.
"""

import asyncio
import platform
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from time import monotonic
from typing import Final

import structlog
from msgspec import Struct
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from boxoffice import __version__
from boxoffice.engine.engine import BookingEngine
from boxoffice.engine.reads import Reads
from boxoffice.feed.cursors import Consumer
from boxoffice.feed.runtime import Feed
from boxoffice.telemetry import metrics
from boxoffice.vocabulary.faults import Fault
from boxoffice.vocabulary.views import BusyShow, ReplicationSlot, SeatState

LOOK_EVERY_S: Final = 1.0
"""Seconds between two looks at what waits in this process: far below the interval of any scrape."""

ASK_EVERY_S: Final = 5.0
"""Seconds between two looks at the database: three short queries, a third of the usual scrape interval."""

KEPT_S: Final = 60.0
"""Seconds for which the last figures of the database are told: a gap is better than an older figure."""

BUSY_SHOWS_MAX: Final = 20
"""Shows whose seats are told: as many as one graph can show. Each show has five series."""

BATCHES_LOOKED_AT: Final = 5_000
"""Latest batches in which the busiest shows are looked for: half a minute of a rush. The query takes some
milliseconds."""

log: Final = structlog.get_logger(__name__)


class Sample(Struct, frozen=True):
    """Figures of the database. ``overdue_s``: for how many seconds the oldest overdue hold has been over.
    ``slots``: the replication slots that retain most.

    ``taken_at``: when the figures were taken, by the clock of this process.
    """

    shows: list[BusyShow]
    overdue_s: float
    slots: list[ReplicationSlot]
    consumers: list[Consumer]
    taken_at: float


class Vitals(Collector):
    """The collector that measures from ``start`` to ``stop``, and tells Prometheus the last figures."""

    def __init__(self, engine: BookingEngine, reads: Reads, feed: Feed) -> None:
        self._engine = engine
        self._reads = reads
        self._feed = feed
        self._sample: Sample | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Starts the two loops that measure."""
        metrics.WORKERS.set(1)
        self._tasks = [
            asyncio.create_task(self._look(), name="vitals-process"),
            asyncio.create_task(self._ask(), name="vitals-database"),
        ]

    async def stop(self) -> None:
        """Ends the two loops."""
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)
        metrics.WORKERS.set(0)

    async def take_sample(self) -> None:
        """Asks the database for its figures; if the database is away, the last figures stay."""
        try:
            shows = await self._reads.busiest_shows(BUSY_SHOWS_MAX, among=BATCHES_LOOKED_AT)
            overdue_s = await self._reads.overdue_s()
            slots = await self._reads.slots()
            consumers = await self._feed.cursors.consumers()
        except Fault as fault:
            metrics.DATABASE_UP.set(0)
            log.warning("the database cannot be looked at", reason=str(fault))
        else:
            metrics.DATABASE_UP.set(1)
            self._sample = Sample(shows, overdue_s, slots, consumers, monotonic())

    def collect(self) -> Iterator[Metric]:
        """The metrics of the program's version, and those of the last figures of the database."""
        build = GaugeMetricFamily(
            "boxoffice_build_info", "The program that runs; always 1.", labels=["version", "python"]
        )
        build.add_metric([__version__, platform.python_version()], 1)
        yield build
        sample = self._sample
        yield from _families(sample if sample and monotonic() - sample.taken_at < KEPT_S else None)

    async def _look(self) -> None:
        while True:
            self._engine.tell_load()
            self._feed.store.tell_load()
            await asyncio.sleep(LOOK_EVERY_S)

    async def _ask(self) -> None:
        while True:
            try:
                await self.take_sample()
            except Exception:
                log.exception("the database cannot be looked at")
            await asyncio.sleep(ASK_EVERY_S)


def _families(sample: Sample | None) -> Iterator[Metric]:
    overdue = GaugeMetricFamily(
        "boxoffice_oldest_overdue_hold_seconds",
        "For how long the hold that ran out first has been over without being ended; 0 if there is none.",
    )
    seats = GaugeMetricFamily(
        "boxoffice_show_seats", "Seats of the busiest shows, by show and state.", labels=["show", "state"]
    )
    events = CounterMetricFamily(
        "boxoffice_show_events_total", "Events of the busiest shows, by show.", labels=["show"]
    )
    retained = GaugeMetricFamily(
        "boxoffice_slot_retained_bytes",
        "Bytes of PostgreSQL's log that a replication slot retains, by slot.",
        labels=["slot"],
    )
    unread = GaugeMetricFamily(
        "boxoffice_slot_unread_seconds",
        "For how long nobody has read a replication slot, by slot; 0 if somebody does, or before PostgreSQL "
        "17.",
        labels=["slot"],
    )
    lost = GaugeMetricFamily(
        "boxoffice_slot_lost", "1 if what a replication slot needs is gone, by slot; else 0.", labels=["slot"]
    )
    if sample is not None:
        overdue.add_metric([], sample.overdue_s)
        for show in sample.shows:
            for state in SeatState:
                seats.add_metric([str(show.show_id), state], getattr(show, f"{state}_seats"))
            events.add_metric([str(show.show_id)], show.seq)
        for slot in sample.slots:
            retained.add_metric([slot.name], slot.retained_bytes)
            unread.add_metric([slot.name], slot.inactive_s or 0)
            lost.add_metric([slot.name], slot.wal_status == "lost")
    yield from (overdue, seats, events, retained, unread, lost)
    yield from _lags([] if sample is None else sample.consumers)


def _lags(consumers: Sequence[Consumer]) -> Iterator[Metric]:
    events = GaugeMetricFamily(
        "boxoffice_feed_lag_events", "Events that a consumer has not acknowledged.", labels=["consumer"]
    )
    seconds = GaugeMetricFamily(
        "boxoffice_feed_lag_seconds",
        "For how long the oldest event has waited that a consumer has not acknowledged; 0 if none waits.",
        labels=["consumer"],
    )
    forked = GaugeMetricFamily(
        "boxoffice_feed_forked_shows",
        "Shows of which a consumer is told nothing until an operator decides: their history was rewound.",
        labels=["consumer"],
    )
    now = datetime.now(UTC)
    for one in consumers:
        waited_s = 0.0 if one.oldest_at is None else max((now - one.oldest_at).total_seconds(), 0.0)
        events.add_metric([one.consumer], one.events_behind)
        seconds.add_metric([one.consumer], waited_s)
        forked.add_metric([one.consumer], one.forked_shows)
    yield from (events, seconds, forked)
