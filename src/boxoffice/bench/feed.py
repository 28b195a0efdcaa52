"""What it costs a hot show that others are told of it, and how fast and how late they are told."""

import asyncio
from functools import partial

from boxoffice.bench import database
from boxoffice.bench.consumer import follow
from boxoffice.bench.hot import book_hot
from boxoffice.bench.plan import CROWD
from boxoffice.bench.results import Sample
from boxoffice.bench.stage import Item, Site, Stage, Together

UNMARKED = "hot show, without marks"
MARKED = "hot show, with marks"
BESIDE = "hot show, with a consumer beside it"
TOLD = "told to a consumer"

START_LOOK_S = 0.01
"""Pause between two looks whether the consumer listens, in seconds: a program takes a second to start."""


async def marks(stage: Stage) -> list[Item]:
    """The same crowd on one show: no marks are written; marks, as always; marks, and a consumer in a process
    of its own that is told everything. Then what the consumer was told, and how late.
    """
    unmarked, marked = await stage.site("unmarked"), await stage.site("marked")
    await unmarked.connection.execute(database.statement("drop_marks"))
    unmarked.restored_by = "keep_marks"
    await unmarked.connection.execute(database.statement("renew_sessions"))
    both = Together(partial(_beside, marked))
    compared = {"unmarked": UNMARKED}
    return [
        Item(UNMARKED, "bookings/s", partial(_booked, unmarked)),
        Item(MARKED, "bookings/s", partial(_booked, marked), compared),
        Item(BESIDE, "bookings/s", partial(both.take, BESIDE), compared),
        Item(TOLD, "events/s", partial(both.take, TOLD)),
    ]


async def _booked(site: Site) -> Sample:
    return await book_hot(site, CROWD, seconds=site.bench.plan.seconds)


async def _beside(site: Site) -> dict[str, Sample]:
    consumer = asyncio.create_task(follow(site.dsn, site.bench.plan.seconds))
    told_of = database.statement("told")
    while not (consumer.done() or await site.connection.fetchval(told_of)):  # noqa: ASYNC110 - nothing tells it
        await asyncio.sleep(START_LOOK_S)
    return {BESIDE: await _booked(site), TOLD: await consumer}
