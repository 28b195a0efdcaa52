"""How fast the events of a hot show reach brokers, and how late, beside the feed's own consumer."""

from collections.abc import Awaitable, Callable
from functools import partial

from boxoffice.bench import pacing
from boxoffice.bench.brokers import lacking
from boxoffice.bench.relaying import Job, tell
from boxoffice.bench.results import Account, Sample
from boxoffice.bench.sinks import KINDS, Sink, open_sink
from boxoffice.bench.stage import Item, Site, Stage, Together

BACKLOG_PER_S = 5_000
"""Bookings of the backlog for each second of the plan: about what a consumer is told in it."""

CONSUMER = "the feed's own consumer"


async def relay(stage: Stage) -> list[Item]:
    """For the feed's own consumer and for each broker that can be started: a backlog, then a steady pace."""
    site = await stage.site("relay", instances=0)
    items = _items(partial(_told, stage, site, CONSUMER, None), CONSUMER)
    for kind, name in KINDS.items():
        if missing := lacking(kind):
            stage.notes.append(f"{name} was skipped: {missing}.")
            continue
        sink = await stage.open(open_sink(kind, stage.bench.folder))
        items += _items(partial(_told, stage, site, name, sink), name)
    return items


def backlog_name(name: str) -> str:
    """The measurement of a backlog."""
    return f"{name}, out of a backlog"


def steady_name(name: str) -> str:
    """The measurement of what is told while bookings come at the steady pace."""
    return f"{name}, at {pacing.PER_S:,} bookings a second"


def _items(run: Callable[[], Awaitable[dict[str, Sample]]], name: str) -> list[Item]:
    both = Together(run)
    return [
        Item(
            name_of(name),
            "events/s",
            partial(both.take, name_of(name)),
            {"consumer": name_of(CONSUMER)} if name != CONSUMER else {},
        )
        for name_of in (backlog_name, steady_name)
    ]


async def _told(stage: Stage, site: Site, name: str, sink: Sink | None) -> dict[str, Sample]:
    """Both samples. The broker must have each event that it acknowledged, and no more."""
    seconds = stage.plan.seconds
    job = Job(
        show_id=await site.make_hot_show(seconds),
        backlog=int(BACKLOG_PER_S * seconds),
        come=int(pacing.PER_S * seconds),
        url=await _emptied(sink),
    )
    told = await tell(site.dsn, job)
    if sink is not None:
        events = job.backlog + job.come
        stage.accounts.append(Account(name, "events", events, await sink.count(), 0))
    return {backlog_name(name): site.enter(told.backlog), steady_name(name): site.enter(told.steady)}


async def _emptied(sink: Sink | None) -> str | None:
    if sink is None:
        return None
    await sink.clear()
    return sink.url
