"""Many shows at once, with all kinds of requests that users send."""

from collections.abc import Sequence
from functools import partial
from itertools import accumulate
from random import Random

from boxoffice.bench.hot import BASELINES, ISOLATIONS, bare_name, pgbench_name
from boxoffice.bench.load import Load, Request, booking
from boxoffice.bench.pgbench import Isolation
from boxoffice.bench.plan import CLIENTS, CROWD, SEATS_PER_S, USERS
from boxoffice.bench.results import Sample
from boxoffice.bench.stage import Item, Site, Stage

DRAWN = 20_000
"""Requests that are drawn before the load begins: so many that a crowd repeats them only a few times."""

SEED = 4711
"""Start of the random numbers, so that every run draws the same requests."""

ZIPF_TOP_SHARE = 8
"""By Zipf's law the first of 1,000 shows gets one booking in 7.5: an eighth of a hot show's seats will do."""

TOWN_SHOWS = 20
"""Shows of the scenario "real life": as many as a town has at a time."""

TOWN_SEATS = 20_000
"""Seats of each of these shows."""

WANTED_SEATS = 40
"""The last seats of the hall. All users who name their seats want these, and most find them taken."""

READS, HOLDS, EXPLICIT, CANCELS = 80, 12, 5, 3
"""Kinds of requests, of a hundred of the real life. Each hold takes one more request to confirm it."""


async def spread(stage: Stage) -> list[Item]:
    """Bookings over many shows, all equally likely or by Zipf's law, and pgbench over the same shows."""
    site = await stage.site("spread")
    count = stage.plan.spread_shows
    baselines = BASELINES | {f"pgbench {i}": _pgbench_name(i, count) for i in ISOLATIONS}
    items = [
        Item(f"{count:,} shows, {law}", "bookings/s", partial(_spread, site, law), baselines)
        for law in ("uniform", "Zipf")
    ]
    for shows in (100, count):
        items += [
            Item(_pgbench_name(isolation, shows), "bookings/s", partial(_pgbench, site, shows, isolation))
            for isolation in ISOLATIONS
        ]
    return list({item.name: item for item in items}.values())


async def real_life(stage: Stage) -> list[Item]:
    """A town's shows: reads, holds that are confirmed, wanted seats, cancellations."""
    site = await stage.site("real_life")
    bare = f"bare ASGI, the same requests, {CROWD} connections"
    return [
        Item(bare, "requests/s", partial(_town_bare, stage)),
        Item(f"real life, {CROWD} connections", "requests/s", partial(_town, site), {"bare ASGI": bare}),
    ]


async def sold_out(stage: Stage) -> list[Item]:
    """All users ask for a seat of a show that has none left."""
    site = await stage.site("sold_out")
    [show_id] = await site.make_shows(1, 1)
    await site.sell(show_id, [1])
    bare = bare_name(CROWD)
    load = Load(
        requests=[booking(show_id, user_id) for user_id in range(1, USERS + 1)],
        connections=CROWD,
        seconds=stage.plan.seconds,
        inspect="status",
        unit="requests/s",
    )
    return [
        Item(bare, "requests/s", partial(stage.bench.load_bare, load)),
        Item(f"sold out, {CROWD} connections", "requests/s", partial(site.load, load), {"bare ASGI": bare}),
    ]


def zipf_weights(count: int) -> list[float]:
    """Cumulative weights by Zipf's law: the n-th show is wanted 1/n times as often as the first."""
    return list(accumulate(1 / n for n in range(1, count + 1)))


def town_requests(shows: Sequence[int]) -> list[Request]:
    """The requests of the real life, in the proportions above; the shows are drawn by Zipf's law."""
    draw = Random(SEED)
    weights = zipf_weights(len(shows))
    kinds = draw.choices(("read", "hold", "explicit", "cancel"), (READS, HOLDS, EXPLICIT, CANCELS), k=DRAWN)
    picked = draw.choices(shows, cum_weights=weights, k=DRAWN)
    return [_request(kind, show_id, draw) for kind, show_id in zip(kinds, picked, strict=True)]


def _request(kind: str, show_id: int, draw: Random) -> Request:
    user_id = draw.randint(1, USERS)
    match kind:
        case "read":
            what = draw.choice(("", "/available-seats?format=ranges"))
            return Request("GET", f"/api/shows/{show_id}{what}")
        case "hold":
            return booking(show_id, user_id, status="PENDING")
        case "explicit":
            first = TOWN_SEATS - draw.randrange(1, WANTED_SEATS)
            return booking(show_id, user_id, seat_numbers=[first, first + 1])
        case _:
            return Request("DELETE", "/api/bookings/0", what="cancel")


async def _town(site: Site) -> Sample:
    sample = await site.load(_town_load(site, await site.make_shows(TOWN_SHOWS, TOWN_SEATS)))
    effects = sample.effects
    answered = sample.answers.get("200", 0)
    reads = answered - effects.get("confirmed", 0) - effects.get("cancelled", 0)
    changes = sum(effects.values())
    return sample.with_more(reads_per_s=reads / sample.seconds, changes_per_s=changes / sample.seconds)


async def _town_bare(stage: Stage) -> Sample:
    return await stage.bench.load_bare(_town_load(stage.sites[0], range(1, TOWN_SHOWS + 1)))


def _town_load(site: Site, shows: Sequence[int]) -> Load:
    return Load(
        requests=town_requests(shows),
        connections=CROWD,
        seconds=site.bench.plan.seconds,
        inspect="follow",
        unit="requests/s",
    )


async def _spread(site: Site, law: str) -> Sample:
    plan = site.bench.plan
    shows = await _make_halls(site, plan.spread_shows)
    draw = Random(SEED)
    weights = zipf_weights(len(shows)) if law == "Zipf" else None
    picked = draw.choices(shows, cum_weights=weights, k=DRAWN)
    requests = [booking(show_id, draw.randint(1, USERS)) for show_id in picked]
    return await site.load(Load(requests=requests, connections=CROWD, seconds=plan.seconds))


async def _pgbench(site: Site, count: int, isolation: Isolation) -> Sample:
    shows = await _make_halls(site, count)
    return await site.pgbench(shows, CLIENTS, isolation)


async def _make_halls(site: Site, count: int) -> list[int]:
    """New shows, each with enough seats for the most wanted one."""
    return await site.make_shows(count, int(SEATS_PER_S * site.bench.plan.seconds / ZIPF_TOP_SHARE))


def _pgbench_name(isolation: Isolation, shows: int) -> str:
    return f"{pgbench_name(isolation, CLIENTS)}, {shows:,} shows"
