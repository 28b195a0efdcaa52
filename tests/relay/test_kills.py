"""A relay that is killed at any moment loses nothing. What it sends twice is the same, and comes in order."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from boxoffice.feed.pump import BATCH_EVENTS_MAX
from tests.relay.conftest import KINDS
from tests.support.brokers.processes import RelayProcess
from tests.support.brokers.relays import all_there, rows_of, until_level
from tests.support.brokers.stages import Stage
from tests.support.engine.alongside import alongside
from tests.support.engine.box import Box
from tests.support.engine.databases import connected
from tests.support.engine.feeding import feed_on
from tests.support.process.folders import public_folder

SHOWS = 5
SEATS = 4_000


@pytest.fixture
def folder() -> Iterator[Path]:
    with public_folder() as folder:
        yield folder


@asynccontextmanager
async def selling(box: Box, shows: list[int]) -> AsyncIterator[None]:
    """Bookings of all shows, one after another, for the length of a block."""

    async def sell() -> None:
        while True:
            await asyncio.gather(*(box.book(show, hold=600) for show in shows))
            await asyncio.sleep(0.05)  # some hundred bookings a second are enough

    async with alongside(sell()):
        yield


@pytest.mark.parametrize(
    ("kills", "seed"), [(2, 0), *(pytest.param(20, seed, marks=pytest.mark.proof) for seed in range(1, 11))]
)
async def test_a_relay_that_is_killed_again_and_again_loses_nothing(
    box: Box, stages: dict[str, Stage], folder: Path, kills: int, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - no secret
    for kind in KINDS:
        await stages[kind].clear()
    relay = RelayProcess(box, folder, ",".join(stages[kind].url for kind in KINDS))
    consumers = [f"relay:{kind}" for kind in KINDS]
    shows = [await box.show(SEATS) for _ in range(SHOWS)]
    for _ in range(kills):
        await relay.start()
        async with selling(box, shows):
            await _until_it_sends(box, relay)
            await asyncio.sleep(chance.uniform(0, 0.3))  # the moment of the kill is left to chance
            await relay.kill()
    await relay.start()
    async with selling(box, shows):
        await _until_it_sends(box, relay)
    async with feed_on(box.dsn) as feed:
        await until_level(feed, *consumers)
    assert await relay.end() == 0, relay.output()
    twice = {kind: await all_there(box, stages[kind], shows) for kind in KINDS}
    assert (twice["nats"], twice["redis"]) == (0, 0)
    # The Kafka of the tests shows its readers transactions that were never committed, too.
    assert twice["rabbitmq"] <= kills * BATCH_EVENTS_MAX


async def _until_it_sends(box: Box, relay: RelayProcess) -> None:
    """Returns when the relay has moved a cursor since its start."""
    query = "SELECT coalesce(sum(seq), 0) FROM feed_cursors"
    async with connected(box.dsn) as connection, asyncio.timeout(30):
        before = await connection.fetchval(query)
        while await connection.fetchval(query) == before:
            assert relay.process.returncode is None, relay.output()
            await asyncio.sleep(0.02)  # it is asked again and again, up to the bound


async def test_a_relay_that_is_told_to_stop_gives_its_leases_back(
    box: Box, stages: dict[str, Stage], folder: Path
) -> None:
    await stages["redis"].clear()
    relay = RelayProcess(box, folder, stages["redis"].url)
    show = await box.show()
    await relay.start()
    await box.book(show)
    await _until_it_sends(box, relay)
    assert await relay.end() == 0, relay.output()
    held = await rows_of(box, "SELECT slice FROM feed_leases WHERE until > clock_timestamp()")
    assert held == []
    assert "sending to 127.0.0.1" in relay.output()
