"""What sharing costs: several processes share a hot show; quiet shows share a server with a stormed one."""

import asyncio
from functools import partial

from boxoffice.bench.hot import BASELINES, book_hot, crowd_requests
from boxoffice.bench.load import Load, booking
from boxoffice.bench.plan import CROWD, SEATS_PER_S
from boxoffice.bench.results import Sample, counted
from boxoffice.bench.stage import Item, Site, Stage

INSTANCES = (1, 2, 4)
"""Server processes on one database and one hot show."""

QUIET_SHOWS = 8
"""Quiet shows with ids side by side, so that some of them share a lane with the stormed one."""

QUIET_CONNECTIONS = 4
"""Users who book on the quiet shows."""

QUIET_PAUSE_MS = 10
"""Pause of these users after each booking, in milliseconds: little load, but enough for percentiles."""

STORM_LEAD_S = 1
"""Seconds of the storm before and after the quiet bookings are measured."""


async def instances(stage: Stage) -> list[Item]:
    """The same crowd, in equal parts to 1, 2 and 4 processes."""
    site = await stage.site("instances", instances=max(INSTANCES))
    one = counted(INSTANCES[0], "instance")
    return [
        Item(
            counted(count, "instance"),
            "bookings/s",
            partial(book_hot, site, CROWD, seconds=stage.plan.seconds, servers=count),
            BASELINES | ({"one instance": one} if count > 1 else {}),
        )
        for count in INSTANCES
    ]


async def quiet(stage: Stage) -> list[Item]:
    """A few people on quiet shows, alone and beside a storm on another show of the same server."""
    site = await stage.site("quiet")
    alone = "quiet shows alone"
    return [
        Item(alone, "bookings/s", partial(_quiet, site)),
        Item("quiet shows beside a storm", "bookings/s", partial(_beside, site), {"alone": alone}),
    ]


async def _quiet(site: Site) -> Sample:
    seconds = site.bench.plan.seconds
    shows = await site.make_shows(QUIET_SHOWS, int(SEATS_PER_S * seconds / QUIET_SHOWS))
    load = Load(
        requests=[booking(show_id, 1 + number) for number, show_id in enumerate(shows)],
        connections=QUIET_CONNECTIONS,
        seconds=seconds,
        pause_ms=QUIET_PAUSE_MS,
    )
    return await site.load(load)


async def _beside(site: Site) -> Sample:
    seconds = site.bench.plan.seconds + 2 * STORM_LEAD_S
    show_id = await site.make_hot_show(seconds)
    load = Load(requests=crowd_requests(show_id), connections=CROWD, seconds=seconds)
    storm = asyncio.create_task(site.load(load))
    await asyncio.sleep(STORM_LEAD_S)
    sample = await _quiet(site)
    return sample.with_more(bookings_per_s_of_the_storm=(await storm).rate)
