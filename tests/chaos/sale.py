"""A box office that sells while others are told of it: what campaigns share that look at those others."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import httpx
from msgspec import Struct, field

from tests.chaos import hurried
from tests.chaos.campaign import Figures, Findings, Stage
from tests.chaos.kills import kill
from tests.support.engine.box import violations
from tests.support.engine.databases import connected
from tests.support.engine.eventually import eventually
from tests.support.http import client as orders
from tests.support.http.client import Api, open_api
from tests.support.process.power import RECOVERY_MAX_S, Cluster, durable_cluster
from tests.support.process.program import Program

BUYERS: Final = 6
SHOWS: Final = 12
"""Shows of a round. Their ids follow each other, so two processes that share the 16 slices have some each."""

SEATS: Final = 600
PAUSE_S: Final = 0.02
"""Seconds between two orders of a buyer: some hundred events a second leave the machine to those who tell."""

LOAD_MAX_S: Final = 0.8
"""Longest load before and after a fault, in seconds. The length is random, and so is what is under way."""

ASK_MAX_S: Final = 10.0
"""Seconds for which a buyer waits for a server that may be stopped."""

EVENTS: Final = """
    SELECT show_id, show_id || '-' || seq || '-' || encode(substr(link, 1, 4), 'hex') AS id
    FROM all_events WHERE show_id = ANY ($1) ORDER BY show_id, seq
"""
HELD: Final = "SELECT count(*) FROM bookings WHERE show_id = ANY ($1) AND status = 'PENDING'"
BEHIND: Final = """
    SELECT count(*) FROM show_inventory AS i
    LEFT JOIN feed_cursors AS c ON c.consumer = $1 AND c.show_id = i.show_id
    WHERE i.show_id = ANY ($2) AND i.last_seq <> coalesce(c.seq, 0)
"""

Fault = Callable[[], Awaitable[None]]


class HurriedProgram(Program):
    """``boxoffice`` with short leases and pauses."""

    launch = ("-P", str(Path(hurried.__file__).resolve()))


class Sale(Struct):
    """A durable database, servers that sell from it, and what was found."""

    cluster: Cluster
    servers: list[Program]
    api: Api
    user_id: int
    chance: random.Random
    counts: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)

    async def open_shows(self) -> list[int]:
        """The ids of new shows."""
        return [await self.api.open_show(self.servers[0].url, SEATS) for _ in range(SHOWS)]

    async def load(self) -> None:
        """Lets buyers buy for some time."""
        await asyncio.sleep(self.chance.uniform(0.2, LOAD_MAX_S))

    async def suffer(self, faults: Mapping[str, Fault], first: Sequence[str], until: float) -> None:
        """Has these faults happen first, and then more of ``faults`` until that moment (``monotonic``)."""
        names = list(first)
        while names or time.monotonic() < until:
            name = names.pop(0) if names else self.chance.choice(sorted(faults))
            await self.load()
            self.counts[name] += 1
            await faults[name]()
        await self.load()

    async def kill_server(self) -> None:
        """Kills a server, and starts it again."""
        await kill(self.chance.choice(self.servers), self.cluster, "server")

    async def kill_database(self) -> None:
        """Kills the database, and starts it again."""
        await kill(self.servers[0], self.cluster, "database")

    async def kill_both(self) -> None:
        """Kills a server and the database, and starts both again."""
        await kill(self.chance.choice(self.servers), self.cluster, "both")

    async def histories(self, shows: Sequence[int]) -> dict[int, list[str]]:
        """The ids of all events of these shows, in order, as the database has them."""
        async with connected(self.cluster.dsn) as connection:
            rows = await connection.fetch(EVENTS, shows)
        found: dict[int, list[str]] = {show_id: [] for show_id in shows}
        for row in rows:
            found[row["show_id"]].append(row["id"])
        return found

    async def verify(self) -> None:
        """Notes what ``boxoffice verify`` finds."""
        checks = await violations(self.cluster.dsn)
        self.violations += [f"verify, {check}: {text}" for check, texts in checks.items() for text in texts]

    def findings(self, **more: int | float | str) -> Findings:
        """What was done, and what is broken."""
        figures: Figures = dict(sorted(self.counts.items()))
        return Findings(figures | more, self.violations)


async def rounds(sale: Sale, seconds: float, round_s: float, one: Callable[[float], Awaitable[None]]) -> None:
    """Rounds of about ``round_s`` seconds until the time is up, and at least one; each is told its end."""
    ends_at = time.monotonic() + seconds
    while True:
        await one(min(time.monotonic() + round_s, ends_at))
        sale.counts["rounds"] += 1
        if sale.violations or time.monotonic() >= ends_at:
            break
    await sale.verify()


@asynccontextmanager
async def selling(sale: Sale, shows: Sequence[int]) -> AsyncIterator[None]:
    """Buyers book seats of these shows and give some back, for the length of a block. Afterwards nothing more
    happens in these shows.
    """
    over = asyncio.Event()
    buyers = [asyncio.create_task(_buy(sale, shows, over)) for _ in range(BUYERS)]
    try:
        yield
    finally:
        over.set()
        await asyncio.gather(*buyers)
    await eventually(lambda: _settled(sale, shows), "no hold is left", wait_max_s=RECOVERY_MAX_S)


async def level(sale: Sale, consumer: str, shows: Sequence[int], wait_max_s: float) -> None:
    """Waits until the consumer has acknowledged the last events of these shows."""

    async def there() -> bool:
        async with connected(sale.cluster.dsn) as connection:
            return bool(await connection.fetchval(BEHIND, consumer, shows) == 0)

    try:
        await eventually(there, f"{consumer} has everything", wait_max_s=wait_max_s)
    except AssertionError:
        sale.violations.append(f"{consumer} is behind after {wait_max_s:g} s")


async def _settled(sale: Sale, shows: Sequence[int]) -> bool:
    async with connected(sale.cluster.dsn) as connection:
        return bool(await connection.fetchval(HELD, shows) == 0)


async def _buy(sale: Sale, shows: Sequence[int], over: asyncio.Event) -> None:
    async with httpx.AsyncClient(timeout=ASK_MAX_S) as http:
        api = Api(http)
        while not over.is_set():
            with suppress(httpx.TransportError):
                await _order(sale, api, sale.chance.choice(shows))
            await asyncio.sleep(PAUSE_S)


async def _order(sale: Sale, api: Api, show_id: int) -> None:
    """Books some seats, or holds them for a short time; half of what was sold is given back."""
    url, seats = sale.chance.choice(sale.servers).url, sale.chance.randint(1, 3)
    if sale.chance.random() < 0.2:
        await api.ask(url, orders.hold(show_id, sale.user_id, seats, seconds=1))
        return
    booked = await api.ask(url, orders.book(show_id, sale.user_id, seats))
    if booked.done and sale.chance.random() < 0.5:
        await api.ask(url, orders.cancel(booked.data["id"]))


@asynccontextmanager
async def open_sale(stage: Stage, make: Callable[[str], Sequence[Program]]) -> AsyncIterator[Sale]:
    """A sale whose servers ``make`` gives by the DSN of the database; they are started."""
    async with durable_cluster(stage.folder) as cluster, open_api() as api:
        servers = list(make(cluster.dsn))
        try:
            for server in servers:
                server.begin()
            for server in servers:
                await asyncio.to_thread(server.until_ready, wait_max_s=RECOVERY_MAX_S)
            user_id = await api.register(servers[0].url)
            yield Sale(cluster, servers, api, user_id, random.Random(stage.seed))
        finally:
            for server in servers:
                server.close()
