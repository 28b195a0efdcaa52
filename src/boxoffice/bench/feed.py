"""What it costs a hot show that others are told of it, and how fast and how late they are told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from boxoffice.bench import database
from boxoffice.bench.consumer import follow
from boxoffice.bench.hot import book_hot
from boxoffice.bench.plan import CROWD
from boxoffice.bench.results import Sample
from boxoffice.bench.stage import Item, Site, Stage

UNMARKED = "hot show, without marks"
MARKED = "hot show, with marks"
BESIDE = "hot show, with a consumer beside it"
TOLD = "told to a consumer"


async def feed(stage: Stage) -> list[Item]:
    """The same crowd on one show: no marks are written; marks, as always; marks, and a consumer in a process
    of its own that is told everything. Then what the consumer was told, and how late.
    """
    site = await stage.site("feed")
    told: list[Sample] = []

    async def last() -> Sample:
        return told[-1]

    compared = {"unmarked": UNMARKED}
    return [
        Item(UNMARKED, "bookings/s", partial(_unmarked, site)),
        Item(MARKED, "bookings/s", partial(_marked, site), compared),
        Item(BESIDE, "bookings/s", partial(_beside, site, told), compared),
        Item(TOLD, "events/s", last),
    ]


async def _marked(site: Site) -> Sample:
    return await book_hot(site, CROWD, seconds=site.bench.plan.seconds)


async def _unmarked(site: Site) -> Sample:
    async with _without_marks(site):
        return await _marked(site)


async def _beside(site: Site, told: list[Sample]) -> Sample:
    consumer = asyncio.create_task(follow(site.dsn, site.bench.plan.seconds))
    sample = await _marked(site)
    told.append(await consumer)
    return sample


@asynccontextmanager
async def _without_marks(site: Site) -> AsyncIterator[None]:
    """As if no function wrote marks; afterwards the schema is as before."""
    await site.connection.execute(database.statement("drop_marks"))
    try:
        yield
    finally:
        await site.settle()
        await site.connection.execute(database.statement("keep_marks"))
