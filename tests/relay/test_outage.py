"""A broker that is gone for a while, under load: neither sales nor memory pay for it."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.brokers.relays import all_there, relay_on, until_level
from tests.support.brokers.stages import Stage
from tests.support.engine.box import Box
from tests.support.network.tcp import wired

MEMORY_GROWTH_MAX = 50 * 1024**2
"""Bytes that the process may grow by while a broker is away: nothing is kept for it."""


def memory() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


async def sell(box: Box, shows: list[int], rounds: int) -> None:
    """Bookings, some hundred a second."""
    for _ in range(rounds):
        await asyncio.gather(*(box.book(show, hold=600) for show in shows for _ in range(5)))
        await asyncio.sleep(0.05)  # the load of a sale, not of a benchmark


@pytest.mark.parametrize("rounds", [10, pytest.param(600, marks=pytest.mark.proof)])
async def test_a_broker_that_is_gone_under_load_costs_neither_sales_nor_memory(
    box: Box, stages: dict[str, Stage], rounds: int
) -> None:
    gone, well = stages["nats"], stages["redis"]
    await gone.clear()
    await well.clear()
    port = urlsplit(gone.url).port
    assert port is not None
    shows = [await box.show(4_000) for _ in range(4)]
    async with wired(port) as wire, relay_on(box, f"nats://127.0.0.1:{wire.port}", well.url) as feed:
        await sell(box, shows, 10)
        await until_level(feed, "relay:nats", "relay:redis")
        await wire.cut()
        before = memory()
        await sell(box, shows, rounds)
        await until_level(feed, "relay:redis")
        assert memory() - before < MEMORY_GROWTH_MAX
        await wire.mend()
        await until_level(feed, "relay:nats")
    assert await all_there(box, gone, shows) == 0
    assert await all_there(box, well, shows) == 0
