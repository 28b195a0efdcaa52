"""How the speed changes with size: with many past bookings, a large hall, many shows."""

from functools import partial
from random import Random

from boxoffice.bench.hot import BASELINES, book_hot
from boxoffice.bench.load import Load, booking
from boxoffice.bench.plan import CROWD, SEATS_PER_S, USERS
from boxoffice.bench.results import Sample
from boxoffice.bench.stage import Item, Site, Stage

SEED = 4711
"""Start of the random numbers, so that every run takes the same seats."""


async def growth(stage: Stage) -> list[Item]:
    """The same crowd on databases and in halls of different sizes."""
    plan = stage.plan
    fresh = await stage.site("fresh")
    grown = await stage.site("grown")
    await _give_past(stage, grown)
    crowded = await stage.site("many_shows")
    await crowded.make_shows(plan.many_shows, plan.small_hall)
    for site in (grown, crowded):
        await site.connection.execute("VACUUM ANALYZE")  # autovacuum runs while such a past builds up
    halves = iter([await _half_full(fresh, plan.large_hall) for _ in range(plan.rounds)])
    stage.notes.append(
        "Filled databases are vacuumed and analyzed before they are measured, as autovacuum would."
    )

    async def half_full() -> Sample:
        return await book_hot(fresh, CROWD, seconds=plan.seconds, show_id=next(halves))

    empty, small = "empty database", f"halls of {plan.small_hall:,} seats, one after another"
    sizes = BASELINES | {"small halls": small}
    return [
        Item(empty, "bookings/s", partial(book_hot, fresh, CROWD, seconds=plan.seconds), BASELINES),
        Item(
            f"{plan.past_bookings:,} past bookings",
            "bookings/s",
            partial(book_hot, grown, CROWD, seconds=plan.seconds),
            BASELINES | {"empty": empty},
        ),
        Item(
            f"{plan.many_shows:,} shows",
            "bookings/s",
            partial(book_hot, crowded, CROWD, seconds=plan.seconds),
            BASELINES | {"empty": empty},
        ),
        Item(small, "bookings/s", partial(_small_halls, fresh), BASELINES),
        Item(f"a hall of {plan.large_hall:,} seats", "bookings/s", partial(_large_hall, fresh), sizes),
        Item(f"a hall of {plan.large_hall:,} seats, half taken at random", "bookings/s", half_full, sizes),
    ]


async def _give_past(stage: Stage, site: Site) -> None:
    plan = stage.plan
    seats = range(1, plan.past_bookings_each + 1)
    for show_id in await site.make_shows(plan.past_shows, plan.past_bookings_each):
        await site.sell(show_id, seats)


async def _half_full(site: Site, seats: int) -> int:
    """A show with half of its seats taken, at random places."""
    [show_id] = await site.make_shows(1, seats)
    draw = Random(SEED)
    await site.sell(show_id, sorted(draw.sample(range(1, seats + 1), seats // 2)))
    return show_id


async def _large_hall(site: Site) -> Sample:
    [show_id] = await site.make_shows(1, site.bench.plan.large_hall)
    return await book_hot(site, CROWD, seconds=site.bench.plan.seconds, show_id=show_id)


async def _small_halls(site: Site) -> Sample:
    """Requests for exactly as many seats as each hall has: the crowd sells out one hall, then the next."""
    plan = site.bench.plan
    halls = await site.make_shows(int(SEATS_PER_S * plan.seconds / plan.small_hall), plan.small_hall)
    requests = [booking(show_id, 1 + show_id % USERS, times=plan.small_hall) for show_id in halls]
    return await site.load(Load(requests=requests, connections=CROWD, seconds=plan.seconds))
