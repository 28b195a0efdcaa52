"""What scenarios run on: sites. A site is a database with its servers, and the account of its bookings."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol, TypeVar

from msgspec.structs import replace

from boxoffice.access.callers import Role
from boxoffice.access.key_desk import KeyDesk
from boxoffice.bench import database
from boxoffice.bench.database import Cluster, Connection
from boxoffice.bench.inside import Job, book_inside
from boxoffice.bench.load import Load, LoadGenerator, booking, connections_possible
from boxoffice.bench.pgbench import Isolation
from boxoffice.bench.plan import SEATS_PER_S, Plan
from boxoffice.bench.results import Account, Sample, Unit, Updates, Violated
from boxoffice.bench.servers import Server, boxoffice_server
from boxoffice.database.verify import verify
from boxoffice.engine.runtime import open_store
from boxoffice.settings.database import DatabaseSettings
from boxoffice.settings.settings import Settings
from boxoffice.settings.texts import Secret

SETTLE_MAX_S: Final = 60.0
"""Longest wait for the requests that a generator left unanswered, in seconds: a full queue takes two."""

SETTLE_LOOK_S: Final = 0.2
"""Pause between two looks at the events, in seconds. All requests have ended if nothing changed."""

WARM_UP_CONNECTIONS: Final = 16
"""Connections of the warm-up: enough for batches."""

T = TypeVar("T")

EFFECTS: Final = ("booked", "held", "confirmed", "cancelled")
"""The effects that are accounted for, named by their kind of event."""


class OneAtATime(Protocol):
    """Books without Boxoffice, one transaction a client at a time."""

    @property
    def name(self) -> str:
        """Its name and version."""

    async def book(
        self,
        dsn: str,
        folder: Path,
        shows: Sequence[int],
        *,
        clients: int,
        isolation: Isolation,
        seconds: float,
        batch: int = 1,
    ) -> Sample:
        """One measurement on shows whose ids lie side by side."""


@dataclass(frozen=True)
class Bench:
    """What all scenarios share."""

    plan: Plan
    cluster: Cluster
    generator: LoadGenerator
    one_at_a_time: OneAtATime
    bare: Server
    folder: Path

    async def load_bare(self, load: Load) -> Sample:
        """Sends a load to the bare application, which books nothing."""
        return await self.generator.send(load, [self.bare.port], self.folder)


@dataclass
class Site:
    """A database and its servers, with an account of all bookings that were acknowledged.

    ``restored_by``: the statement that takes back what a scenario has changed in the schema.
    """

    name: str
    dsn: str
    bench: Bench
    connection: Connection
    servers: list[Server]
    stop_servers: Callable[[], Awaitable[None]]
    authorization: str
    acknowledged: Counter[str] = field(default_factory=Counter)
    in_flight: int = 0
    restored_by: str | None = None

    async def make_shows(self, count: int, seats: int) -> list[int]:
        """The ids of new shows with so many seats each."""
        return await database.make_shows(self.connection, count, seats)

    async def sell(self, show_id: int, seats: Sequence[int]) -> None:
        """Sells these seats of a show before anything is measured."""
        await database.sell(self.connection, show_id, seats)

    async def make_hot_show(self, seconds: float) -> int:
        """A new show that does not sell out within so many seconds of load."""
        return (await self.make_shows(1, int(SEATS_PER_S * seconds)))[0]

    async def load(self, load: Load, servers: int = 1) -> Sample:
        """Sends a load to the first servers, in equal parts."""
        ports = [server.port for server in self.servers[:servers]]
        load = replace(load, authorization=self.authorization)
        return self.enter(await self.bench.generator.send(load, ports, self.bench.folder))

    async def pgbench(
        self, shows: Sequence[int], clients: int, isolation: Isolation, batch: int = 1
    ) -> Sample:
        """Books without Boxoffice, one transaction a client at a time."""
        sample = await self.bench.one_at_a_time.book(
            self.dsn,
            self.bench.folder,
            shows,
            clients=clients,
            isolation=isolation,
            seconds=self.bench.plan.seconds,
            batch=batch,
        )
        return self.enter(sample)

    async def inside(self, show_id: int, callers: int) -> Sample:
        """Books with the engine, without HTTP."""
        job = Job(show_id=show_id, callers=callers, seconds=self.bench.plan.seconds)
        return self.enter(await book_inside(self.dsn, job))

    def enter(self, sample: Sample) -> Sample:
        """Enter what a sample acknowledged, and how many requests it left unanswered."""
        self.acknowledged.update(sample.effects)
        self.in_flight += sample.in_flight
        return sample

    async def settle(self) -> None:
        """Wait until the requests that were left unanswered have ended."""
        before = None
        for _ in range(int(SETTLE_MAX_S / SETTLE_LOOK_S)):
            now = await self.connection.fetchrow(database.statement("progress"))
            assert now is not None
            if now == before and now["busy"] == 0:
                return
            before = now
            await asyncio.sleep(SETTLE_LOOK_S)

    async def accounts(self) -> list[Account]:
        """For each effect, what was acknowledged beside what is stored."""
        stored = await database.effects(self.connection)
        return [
            Account(self.name, effect, self.acknowledged[effect], stored.get(effect, 0), self.in_flight)
            for effect in EFFECTS
            if self.acknowledged[effect] or stored.get(effect, 0)
        ]

    async def violations(self) -> list[Violated]:
        """The violations that ``verify`` finds."""
        if self.restored_by is not None:
            await self.connection.execute(database.statement(self.restored_by))
        return [
            Violated(self.name, result.name, result.violation_count, result.violations[0].text)
            for result in (await verify(self.dsn)).results
            if result.violation_count
        ]

    async def updates(self) -> list[Updates]:
        """How the hot tables were updated. Complete once the servers have ended."""
        return await database.updates(self.connection, self.name)


@dataclass(frozen=True)
class Item:
    """Something to measure once a round. ``baselines`` gives the names of its baselines, by label."""

    name: str
    unit: Unit
    run: Callable[[], Awaitable[Sample]]
    baselines: dict[str, str] = field(default_factory=dict)


class Together:
    """Samples that one run brings. In each round the first item that is measured runs it, the others take
    theirs.
    """

    def __init__(self, run: Callable[[], Awaitable[dict[str, Sample]]]) -> None:
        self._run = run
        self._left: dict[str, Sample] = {}

    async def take(self, name: str) -> Sample:
        """The sample of that name, which is taken once."""
        if name not in self._left:
            self._left = await self._run()
        return self._left.pop(name)


class Stage:
    """Opens the sites of one scenario, and collects its notes for the report.

    ``accounts``: what a scenario counts besides the bookings of its sites, such as events in a broker.
    """

    def __init__(self, bench: Bench, stack: AsyncExitStack) -> None:
        self.bench: Final = bench
        self.plan: Final = bench.plan
        self.sites: Final[list[Site]] = []
        self.notes: Final[list[str]] = []
        self.accounts: Final[list[Account]] = []
        self._stack = stack

    async def site(
        self, name: str, *, instances: int = 1, queue_max: int | None = None, role: Role | None = None
    ) -> Site:
        """A fresh database with so many servers (there may be none), warmed up.

        ``queue_max`` makes their queues smaller. With a ``role``, the servers refuse requests without a key.
        """
        settings = {} if queue_max is None else {"BENCH_QUEUE_MAX": str(queue_max)}
        site = await self._stack.enter_async_context(_site(self.bench, name, instances, settings, role))
        self.sites.append(site)
        if self.plan.warm_up_s and instances:
            requests = [booking(await site.make_hot_show(self.plan.warm_up_s), 1)]
            load = Load(requests=requests, connections=WARM_UP_CONNECTIONS, seconds=self.plan.warm_up_s)
            await site.load(load, servers=instances)
        return site

    async def open(self, context: AbstractAsyncContextManager[T]) -> T:
        """What a scenario needs besides sites. It is closed after everything was checked."""
        return await self._stack.enter_async_context(context)

    def connections(self, wanted: int) -> int:
        """As many connections as this machine allows, ``wanted`` at most. Fewer than wanted leave a note."""
        possible = connections_possible(wanted)
        if possible < wanted:
            self.notes.append(
                f"{wanted:,} connections need more open files than the limit here allows; there were "
                f"{possible:,}. Raise it (ulimit -Hn {wanted * 2}) for the whole crowd."
            )
        return possible


@asynccontextmanager
async def _site(
    bench: Bench, name: str, instances: int, settings: dict[str, str], role: Role | None
) -> AsyncIterator[Site]:
    async with (
        bench.cluster.database(name) as dsn,
        database.connected(dsn) as connection,
        AsyncExitStack() as servers,
    ):
        authorization = ""
        if role is not None:
            settings = settings | {"AUTH": "on"}
            authorization = f"Bearer {await _make_key(dsn, role)}"
        started = [
            await servers.enter_async_context(boxoffice_server(dsn, bench.folder, settings))
            for _ in range(instances)
        ]
        yield Site(name, dsn, bench, connection, started, servers.aclose, authorization)


async def _make_key(dsn: str, role: Role) -> str:
    async with open_store(Settings(database=DatabaseSettings(url=Secret(dsn)))) as store:
        return (await KeyDesk(store).create("benchmark", role, None, None)).secret
