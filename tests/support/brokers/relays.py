"""A relay on a test's database, and waiting for what it brings."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from boxoffice.feed.runtime import Feed
from boxoffice.relay.relay import open_relay
from boxoffice.relay.settings import RelaySettings
from boxoffice.settings.texts import Secret
from tests.support.brokers.stages import Got, Stage
from tests.support.engine.box import Box
from tests.support.engine.databases import connected
from tests.support.engine.feeding import feed_on

WAIT_MAX_S: Final = 45.0
"""Longest wait in seconds: a broker that is back is asked again after 30 s at the latest."""


@asynccontextmanager
async def relay_on(box: Box, *urls: str, begin: str = "start", personal: bool = False) -> AsyncIterator[Feed]:
    """The events of the box go to these brokers."""
    settings = RelaySettings(urls=Secret(",".join(urls)), begin=begin, personal=personal)  # type: ignore[arg-type]
    async with feed_on(box.dsn, box.engine) as feed, open_relay(feed, settings):
        yield feed


async def until_level(feed: Feed, *consumers: str) -> None:
    """Returns when the consumers have acknowledged everything that has happened."""
    async with asyncio.timeout(WAIT_MAX_S):
        for consumer in consumers:
            while True:
                found = await feed.cursors.lag(consumer)
                if found is not None and found.events_behind == 0:
                    break
                await asyncio.sleep(0.02)  # it is asked again and again, up to the bound


async def rows_of(box: Box, query: str, *arguments: object) -> list[Any]:
    """The rows of a question to the database."""
    async with connected(box.dsn) as connection:
        return list(await connection.fetch(query, *arguments))


async def history_of(box: Box, show_id: int) -> list[str]:
    """The ids of all events of a show, as the database has them."""
    rows = await rows_of(
        box,
        "SELECT show_id || '-' || seq || '-' || left(encode(link, 'hex'), 8) AS id FROM all_events "
        "WHERE show_id = $1 ORDER BY seq",
        show_id,
    )
    return [row["id"] for row in rows]


def in_order(got: Sequence[Got], show_id: int) -> list[str]:
    """The ids of a show as a reader takes them: what has a number that it knows already is left out."""
    taken: list[str] = []
    last = 0
    for one in got:
        seq = int(one.id.split("-")[1])
        if one.show_id == show_id and seq > last:
            assert seq == last + 1, f"{one.id} after event {last}"
            taken.append(one.id)
            last = seq
    return taken


async def all_there(box: Box, stage: Stage, shows: Sequence[int]) -> int:
    """Checks that the broker has every event of the shows, in order; returns how many are there twice."""
    got = await stage.read()
    bodies: dict[str, bytes] = {}
    for one in got:
        assert bodies.setdefault(one.id, one.body) == one.body, f"{one.id} has two bodies"
    for show_id in shows:
        assert in_order(got, show_id) == await history_of(box, show_id)
    return len(got) - len(bodies)
