"""haproxy with the configuration that we ship, before two instances, and customers that book through it."""

import asyncio
import csv
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import httpx

from tests.support.process.installed import installed
from tests.support.process.polling import wait_until
from tests.support.process.program import STOP_MAX_S, Program, free_port

CONFIG: Final = Path(__file__).parents[3] / "deploy/haproxy/haproxy.cfg"

CUSTOMERS: Final = 8
PAUSE_S: Final = 0.02
"""Seconds that a customer pauses between two bookings, so that the load is bounded."""

SETTINGS: Final = {"DRAIN_DELAY_SECONDS": "300", "AUTH": "off"}
"""The server's delay before it drains. A second SIGTERM ends the delay, when the balancer has turned away."""


class Balancer:
    """A running haproxy; ``states`` returns how it sees the instances."""

    def __init__(self, instances: list[Program], log: Path) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        self._stats_url = f"http://127.0.0.1:{free_port()}"
        self.log = log
        self.environment = {
            **os.environ,
            "BIND": self.url.removeprefix("http://"),
            "STATS_BIND": self._stats_url.removeprefix("http://"),
            **{f"BOXOFFICE_{n}": f"127.0.0.1:{program.port}" for n, program in enumerate(instances, 1)},
        }

    def states(self) -> list[str]:
        """`UP` or `DOWN` for each instance, in order; an empty list until haproxy answers."""
        try:
            return [row["status"].split()[0] for row in self._instances()]
        except httpx.TransportError:
            return []

    def marked_down(self) -> list[int]:
        """How often haproxy has marked each instance down."""
        return [int(row["chkdown"]) for row in self._instances()]

    def _instances(self) -> list[dict[str, str]]:
        rows = csv.DictReader(httpx.get(f"{self._stats_url}/;csv").text.splitlines())
        return [row for row in rows if row["svname"].startswith("boxoffice-")]

    async def until(self, *states: str) -> None:
        """Return when haproxy sees the instances in these states."""
        await asyncio.to_thread(wait_until, lambda: self.states() == list(states), f"instances {states}")


@contextmanager
def balanced(
    instances: list[Program], log: Path, states: Sequence[str] = ("UP", "UP"), config: Path = CONFIG
) -> Iterator[Balancer]:
    """haproxy in front of the instances, when it sees them in these states.

    Skips where haproxy is not installed.
    """
    haproxy = installed("haproxy")
    balancer = Balancer(instances, log)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [haproxy, "-db", "-f", config], env=balancer.environment, stdout=output, stderr=output
        )
    try:
        wait_until(lambda: balancer.states() == list(states), f"haproxy with instances {states}")
        yield balancer
    finally:
        process.terminate()
        process.wait(STOP_MAX_S)


async def drained(balancer: Balancer, instance: Program, *states: str) -> int:
    """End an instance as an orchestrator does, when the balancer sees ``states``; returns its exit status."""
    instance.process.send_signal(signal.SIGTERM)
    await balancer.until(*states)
    instance.process.send_signal(signal.SIGTERM)
    return await asyncio.to_thread(instance.process.wait, STOP_MAX_S)


def killed(instance: Program) -> None:
    """Kill the process at the end of the block, because SIGTERM would wait."""
    if hasattr(instance, "process") and instance.process.poll() is None:
        instance.end(signal.SIGKILL)


class Customers:
    """Customers that book and read through the balancer, without keys: no failed request is sent again."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/api"
        self._done = False
        self.acknowledged: set[int] = set()
        self.failures: list[str] = []
        self.waits_s: list[float] = []
        show = {"name": "Upgrade", "start_time": "2030-01-01T20:00:00Z", "total_seats": 50_000}
        user = {"name": "Ada", "email": "ada@example.com"}
        self.show_id = self._made("shows", show)
        self._booking = {"show_id": self.show_id, "user_id": self._made("users", user), "seats_booked": 1}

    def _made(self, what: str, body: dict[str, Any]) -> int:
        response = httpx.post(f"{self._url}/{what}", json=body)
        assert response.status_code == 201, response.text
        number: int = response.json()["data"]["id"]
        return number

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Let the customers work for the length of a block."""
        customers = [asyncio.create_task(self._come()) for _ in range(CUSTOMERS)]
        try:
            yield
        finally:
            self._done = True
            await asyncio.gather(*customers)

    async def some_more(self) -> None:
        """Return when each customer has booked twice more, on average."""
        enough = len(self.acknowledged) + 2 * CUSTOMERS
        await asyncio.to_thread(
            wait_until, lambda: bool(self.failures) or len(self.acknowledged) >= enough, "more bookings"
        )

    async def _come(self) -> None:
        async with httpx.AsyncClient(timeout=30) as client:
            while not self._done:
                began = perf_counter()
                try:
                    booked = await client.post(f"{self._url}/bookings", json=self._booking)
                    self.waits_s.append(perf_counter() - began)
                    if booked.status_code == 201:
                        number = booked.json()["data"]["id"]
                        self.acknowledged.add(number)
                        read = await client.get(f"{self._url}/bookings/{number}")
                        if read.status_code != 200:
                            self.failures.append(f"read: {read.status_code} {read.text}")
                    else:
                        self.failures.append(f"booking: {booked.status_code} {booked.text}")
                except httpx.TransportError as error:
                    self.failures.append(repr(error))
                await asyncio.sleep(PAUSE_S)
