"""What bookings by ticket bring, beside bookings whose callers wait: taken, decided, and how late."""

from collections.abc import Callable
from functools import partial
from typing import Final

from boxoffice.bench import pacing, tickets
from boxoffice.bench.brokers import lacking, running
from boxoffice.bench.results import Sample
from boxoffice.bench.stage import Item, Site, Stage, Together
from boxoffice.bench.tickets import CALLERS, Job, Way

WAITED = f"bookings that wait for their outcome, {CALLERS} callers"

WARM_UP_S = 0.2
"""Seconds of tickets before the measurement: enough rows for PostgreSQL to plan with."""

WAYS: Final[dict[Way, str]] = {
    "noted": "noted in PostgreSQL",
    "rabbitmq": "through RabbitMQ",
    "away": "through RabbitMQ, PostgreSQL away",
}
"""How a ticket is taken, by the way of the job."""


async def ticketed(stage: Stage) -> list[Item]:
    """Bookings of the engine without HTTP, then tickets in every way that this machine has."""
    site = await stage.site("tickets", instances=0)
    url: str | None = None
    if missing := lacking("rabbitmq"):
        stage.notes.append(f"RabbitMQ was skipped: {missing}.")
    else:
        url = await stage.open(running("rabbitmq", stage.bench.folder))
    ways: list[Way] = ["noted", "rabbitmq", "away"] if url else ["noted"]
    await _rates(site, "noted", None, WARM_UP_S)
    await site.connection.execute("VACUUM ANALYZE booking_requests")
    stage.notes.append(
        "The table of tickets was filled and analyzed before, as autovacuum would within a minute."
    )
    return [
        Item(WAITED, "bookings/s", partial(_waited, site)),
        *(item for way in ways for item in _items(site, way, url)),
    ]


def taken_name(way: Way) -> str:
    """The measurement of tickets that are taken."""
    return f"tickets {WAYS[way]}: taken"


def decided_name(way: Way) -> str:
    """The measurement of tickets that are decided when no more are taken."""
    return f"tickets {WAYS[way]}: {'when it is back' if way == 'away' else 'then decided'}"


def steady_name(way: Way) -> str:
    """The measurement of tickets that are taken at the steady pace, and decided meanwhile."""
    return f"tickets {WAYS[way]}: {pacing.PER_S:,} a second, until their answers"


def _items(site: Site, way: Way, url: str | None) -> list[Item]:
    both = Together(partial(_rates, site, way, url, site.bench.plan.seconds))

    def item(name_of: Callable[[Way], str], baselines: dict[str, str]) -> Item:
        return Item(name_of(way), "tickets/s", partial(both.take, name_of(way)), baselines)

    items = [item(taken_name, {"waited": WAITED}), item(decided_name, {"waited": WAITED})]
    return items if way == "away" else [*items, item(steady_name, {})]


async def _waited(site: Site) -> Sample:
    return await site.inside(await site.make_hot_show(site.bench.plan.seconds), CALLERS)


async def _rates(site: Site, way: Way, url: str | None, seconds: float) -> dict[str, Sample]:
    job = Job(
        way=way,
        show_id=await site.make_hot_show(seconds),
        seconds=seconds,
        come=int(pacing.PER_S * seconds),
        url=url,
    )
    rates = await tickets.ticket(site.dsn, job)
    samples = {taken_name(way): rates.taken, decided_name(way): site.enter(rates.decided)}
    return samples if rates.steady is None else samples | {steady_name(way): site.enter(rates.steady)}
