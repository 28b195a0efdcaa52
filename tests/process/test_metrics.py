"""The metrics of several workers: counted together, and rid of those that died."""

import asyncio
import os
import signal
from pathlib import Path

import httpx

from tests.process.test_serve import open_show
from tests.support.engine.eventually import eventually
from tests.support.http.scrape import Scrape
from tests.support.process.power import workers_of
from tests.support.process.program import Program


async def scraped(client: httpx.AsyncClient) -> Scrape:
    """What a worker tells about all of them."""
    return Scrape((await client.get("/metrics")).text)


def metrics_folder(worker: int) -> Path:
    """Where a worker keeps its metrics."""
    environment = Path(f"/proc/{worker}/environ").read_bytes().split(b"\0")
    [folder] = [
        line.partition(b"=")[2] for line in environment if line.startswith(b"PROMETHEUS_MULTIPROC_DIR=")
    ]
    return Path(folder.decode())


async def test_workers_are_told_as_one_and_a_dead_one_leaves_nothing_behind(program: Program) -> None:
    program.serve("--workers", "2")
    booking = open_show(program)
    async with httpx.AsyncClient(base_url=program.url, timeout=30) as client:
        answers = await asyncio.gather(*(client.post("/api/bookings", json=booking) for _ in range(40)))
        assert {answer.status_code for answer in answers} == {201}

        async def both_look() -> bool:
            told = await scraped(client)
            looked = told.value("boxoffice_workers") == 2 and told.value("boxoffice_database_up") == 1
            return looked and bool(told.named("boxoffice_show_seats"))

        await eventually(both_look, "two workers and the show's seats")
        both = await scraped(client)
        # Of the database, so not added up; of the workers, so added up.
        assert both.value("boxoffice_show_seats", state="sold") == 40
        assert both.value("boxoffice_outcomes_total", kind="book", code="done") == 40
        assert both.value("boxoffice_pool_connections_max", pool="writers") == 8
        assert both.value("boxoffice_database_up") == 1
        pools = {"readers", "writers", "feed readers", "feed writers"}
        assert both.labels("boxoffice_pool_connections_max", "pool") == pools
        assert all("pid" not in sample.labels for sample in both.samples)

        dead = workers_of(program.process.pid)[0]
        folder = metrics_folder(dead)
        os.kill(dead, signal.SIGKILL)

        async def one_is_replaced() -> bool:
            if list(folder.glob(f"gauge_live*_{dead}.db")):
                return False
            try:
                return (await scraped(client)).value("boxoffice_workers") == 2
            except httpx.TransportError:  # the dead one had our connection
                return False

        await eventually(one_is_replaced, "a new worker in the place of the dead one")
        after = await scraped(client)
    assert after.value("boxoffice_outcomes_total", kind="book", code="done") == 40  # what was done stays
    assert after.value("boxoffice_pool_connections_max", pool="writers") == 8
