"""The hot show: all users want a seat of one show. Also the baselines of the whole report."""

from functools import partial
from random import Random

from boxoffice.bench.load import Load, Request, booking
from boxoffice.bench.pgbench import Isolation
from boxoffice.bench.plan import CLIENTS, CROWD, MANY, SEATS_PER_S, USERS
from boxoffice.bench.results import Sample, counted
from boxoffice.bench.stage import Item, Site, Stage
from boxoffice.vocabulary import limits

ISOLATIONS: tuple[Isolation, ...] = ("serializable", "read committed")


def hot_name(connections: int) -> str:
    """The name of the measurement of the hot show with so many connections."""
    return f"hot show, {counted(connections, 'connection')}"


def bare_name(connections: int) -> str:
    """The name of the measurement of the bare application with so many connections."""
    return f"bare ASGI, {counted(connections, 'connection')}"


def pgbench_name(isolation: Isolation, clients: int) -> str:
    """The name of the measurement of one booking a transaction with so many clients."""
    return f"pgbench, {isolation}, {counted(clients, 'client')}"


BASELINES = {
    "pgbench serializable": pgbench_name("serializable", CLIENTS),
    "pgbench read committed": pgbench_name("read committed", CLIENTS),
    "bare ASGI": bare_name(CROWD),
    "engine": f"engine without HTTP, {CROWD} callers",
    "database": f"database alone, batches of {limits.LANE_BATCH_MAX}",
}
"""What bookings are compared with, by the report's column, unless a scenario has its own."""

BATCH_SHOWS = 8
"""Shows that full batches are spread over in turn: they would sell out a single one."""

MEMORY_FROM = MANY // 2
"""Connections from which on the report tells the server's memory. The figure is a peak since the start: it is
not that of a smaller crowd."""

CONNECTIONS_PER_S = 1_000
"""Connections for which a measurement lasts a second at least: to open them takes a part of the time."""


def crowd_requests(show_id: int, users: int = USERS) -> list[Request]:
    """One seat of a show for everybody, in an order that is the same in every run."""
    everybody = list(range(1, users + 1))
    Random(show_id).shuffle(everybody)
    return [booking(show_id, user_id) for user_id in everybody]


async def book_hot(
    site: Site,
    connections: int,
    *,
    seconds: float,
    show_id: int | None = None,
    servers: int = 1,
    users: int = USERS,
) -> Sample:
    """A crowd on one show: on a new one, or on the given one."""
    show_id = await site.make_hot_show(seconds) if show_id is None else show_id
    load = Load(requests=crowd_requests(show_id, users), connections=connections, seconds=seconds)
    return await site.load(load, servers)


async def hot(stage: Stage) -> list[Item]:
    """Boxoffice and the bare application at every number of connections, then the baselines without HTTP."""
    site = await stage.site("hot")
    items: list[Item] = []
    for wanted in stage.plan.connections:
        items += _levels(stage, site, stage.connections(wanted))
    for isolation in ISOLATIONS:
        items += [_pgbench(site, clients, isolation) for clients in stage.plan.clients]
    return [
        *items,
        Item(BASELINES["engine"], "bookings/s", partial(_inside, site)),
        Item(BASELINES["database"], "bookings/s", partial(_batches, site)),
    ]


def _levels(stage: Stage, site: Site, connections: int) -> list[Item]:
    seconds = max(stage.plan.seconds, connections // CONNECTIONS_PER_S)
    bare = bare_name(connections)
    return [
        Item(bare, "requests/s", partial(_bare, stage, connections, seconds)),
        Item(
            hot_name(connections),
            "bookings/s",
            partial(_hot, site, connections, seconds),
            BASELINES | {"bare ASGI": bare},
        ),
    ]


async def _bare(stage: Stage, connections: int, seconds: float) -> Sample:
    return await stage.bench.load_bare(
        Load(requests=crowd_requests(1), connections=connections, seconds=seconds, unit="requests/s")
    )


async def _hot(site: Site, connections: int, seconds: float) -> Sample:
    sample = await book_hot(site, connections, seconds=seconds)
    peak = site.servers[0].peak_memory_mb() if connections > MEMORY_FROM else None
    return sample if peak is None else sample.with_more(server_memory_mb=peak)


def _pgbench(site: Site, clients: int, isolation: Isolation) -> Item:
    async def run() -> Sample:
        show_id = await site.make_hot_show(site.bench.plan.seconds)
        return await site.pgbench([show_id], clients, isolation)

    return Item(pgbench_name(isolation, clients), "bookings/s", run)


async def _inside(site: Site) -> Sample:
    return await site.inside(await site.make_hot_show(site.bench.plan.seconds), CROWD)


async def _batches(site: Site) -> Sample:
    shows = await site.make_shows(BATCH_SHOWS, int(SEATS_PER_S * site.bench.plan.seconds))
    return await site.pgbench(shows, 1, "serializable", batch=limits.LANE_BATCH_MAX)
