"""The primary dies: the standby takes over, the service goes on, and nothing acknowledged is lost."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.support.engine.box import violations
from tests.support.engine.databases import connected
from tests.support.engine.eventually import eventually
from tests.support.process.program import Program
from tests.support.process.replication import Pair, pair_of_servers

SHOW: Final = {"name": "Failover", "start_time": "2030-01-01T20:00:00Z", "total_seats": 50_000}
BEFORE: Final = 200
"""Bookings that are acknowledged before the primary dies, and as many after it."""


@pytest.fixture
def pair() -> Iterator[Pair]:
    with pair_of_servers() as servers:
        yield servers


@pytest.fixture
def served(pair: Pair, data_dir: Path) -> Iterator[Program]:
    """The program over both servers, with the standby as its replica."""
    program = Program(data_dir, DATABASE_URL=pair.dsn, REPLICA_URL=pair.standby.dsn)
    yield program.serve()
    program.close()


class Crowd:
    """Clients who book again and again, each booking with a key, and keep what was acknowledged."""

    def __init__(self, url: str, booking: dict[str, Any]) -> None:
        self._url = url
        self._booking = booking
        self.acknowledged: set[int] = set()

    async def book(self, client: httpx.AsyncClient, name: int) -> None:
        """Books without end; an answer that is no booking is asked for again, with the same key."""
        number = 0
        while True:
            key = {"Idempotency-Key": f"{name}-{number}"}
            with suppress(httpx.TransportError):
                answer = await client.post(f"{self._url}/api/bookings", json=self._booking, headers=key)
                assert answer.status_code in (201, 503), answer.text
                if answer.status_code == 201:
                    self.acknowledged.add(answer.json()["data"]["id"])
                    number += 1

    async def has_booked(self, count: int) -> None:
        """Returns when so many are acknowledged."""

        async def enough() -> bool:
            return len(self.acknowledged) >= count

        await eventually(enough, f"{count} bookings")


async def test_a_killed_primary_costs_no_acknowledged_booking(pair: Pair, served: Program) -> None:
    await pair.make_synchronous()
    async with httpx.AsyncClient(timeout=60) as client:
        show, booking = await open_show(client, served.url)
        crowd = Crowd(served.url, booking)
        clients = [asyncio.create_task(crowd.book(client, name)) for name in range(8)]
        await crowd.has_booked(BEFORE)
        await eventually(lambda: the_replica_answers(client, served.url, show), "the replica answers")

        pair.primary.kill()
        async with connected(pair.standby.dsn) as standby:
            await standby.fetchval("SELECT pg_promote()")
        before = set(crowd.acknowledged)
        await crowd.has_booked(len(before) + BEFORE)
        for task in clients:
            task.cancel()
        await asyncio.gather(*clients, return_exceptions=True)

        assert (await client.get(f"{served.url}/readyz")).status_code == 200
        async with connected(pair.standby.dsn) as promoted:
            stored = await promoted.fetch("SELECT booking_id FROM bookings WHERE show_id = $1", show)
        assert crowd.acknowledged <= {row["booking_id"] for row in stored}
        assert await violations(pair.dsn) == {}


async def open_show(client: httpx.AsyncClient, url: str) -> tuple[int, dict[str, Any]]:
    """A show, and a booking for it."""
    show = (await client.post(f"{url}/api/shows", json=SHOW)).json()["data"]["id"]
    person = {"name": "Ada", "email": "ada@example.com"}
    user = (await client.post(f"{url}/api/users", json=person)).json()["data"]["id"]
    return show, {"show_id": show, "user_id": user, "seats_booked": 1}


async def the_replica_answers(client: httpx.AsyncClient, url: str, show: int) -> bool:
    """Whether it has answered a read; asks for one more."""
    assert (await client.get(f"{url}/api/shows")).json()["data"][0]["id"] == show
    metrics = (await client.get(f"{url}/metrics")).text
    return 'boxoffice_replica_reads_total{answer="replica"}' in metrics
