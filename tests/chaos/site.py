"""A site of three servers on one durable PostgreSQL, and the faults that can happen to it."""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, TypeVar

from boxoffice.database.migrate import migrate
from boxoffice.postgres.cluster import DataDir
from boxoffice.vocabulary import limits
from tests.support.engine.databases import connected
from tests.support.engine.eventually import eventually
from tests.support.process.power import Cluster
from tests.support.process.program import Program

T = TypeVar("T")

SERVERS: Final = 3

STOPPED_MAX_S: Final = 2.5
"""Longest time for which a server is frozen by SIGSTOP, in seconds. The shortest is a third of it."""

LOCKED_S: Final = limits.LOCK_TIMEOUT_MS / 1_000 + 0.3
"""Seconds for which another session keeps the hot show's lock: longer than a batch waits for the lock."""

_BACKENDS: Final = "SELECT pid FROM pg_stat_activity WHERE application_name = 'boxoffice'"


class Site:
    """Three servers, which are numbered by their position in ``ports``. ``open_site`` makes a site."""

    def __init__(self, keeper: ThreadPoolExecutor, cluster: Cluster, folder: Path) -> None:
        self._keeper = keeper
        self._cluster = cluster
        self._data = DataDir((folder / "cluster").resolve())
        logs = folder / "servers"
        logs.mkdir()
        settings = {
            "DATABASE_URL": cluster.dsn,
            "MIGRATE_ON_START": "false",
            "DB_POOL_MAX": "10",
            "LOG_LEVEL": "error",
        }
        self._servers = [Program(logs, **settings) for _ in range(SERVERS)]
        self.ports = [server.port for server in self._servers]
        self.dsn = cluster.dsn

    async def start(self, servers: int = SERVERS) -> None:
        """Start those of the first ``servers`` servers that do not run, and wait until all are ready."""
        first = self._servers[:servers]
        ended = [s for s in first if not hasattr(s, "process") or s.process.poll() is not None]
        await asyncio.gather(*(asyncio.to_thread(server.serve) for server in ended))

    async def settle(self) -> None:
        """End all servers cleanly. After that every request has taken effect, or never will."""
        await asyncio.gather(*(asyncio.to_thread(server.close) for server in self._servers))
        async with connected(self.dsn) as connection:

            async def nobody_is_left() -> bool:
                return not await connection.fetch(_BACKENDS)

            await eventually(nobody_is_left, "the end of all servers' sessions")

    def close(self) -> None:
        """End all servers, whatever state they are in."""
        for server in self._servers:
            if hasattr(server, "process"):
                server.process.kill()
                server.process.wait()

    def faults(self, hot_show: int, chance: random.Random) -> dict[str, Callable[[], Awaitable[None]]]:
        """The faults that can happen to the site, by name. A fault is over when its call returns."""

        async def lock() -> None:
            await self._lock(hot_show)

        return {
            "server killed": lambda: self._kill_server(chance.randrange(SERVERS)),
            "server stopped": lambda: self._stop_server(
                chance.randrange(SERVERS), chance.uniform(STOPPED_MAX_S / 3, STOPPED_MAX_S)
            ),
            "sessions terminated": lambda: self._terminate(chance),
            "database killed": self._kill_database,
            "show locked": lock,
        }

    async def _kill_server(self, place: int) -> None:
        server = self._servers[place]
        server.process.kill()
        await asyncio.to_thread(server.process.wait)
        await asyncio.to_thread(server.serve)

    async def _stop_server(self, place: int, seconds: float) -> None:
        process = self._servers[place].process
        process.send_signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            process.send_signal(signal.SIGCONT)

    async def _terminate(self, chance: random.Random) -> None:
        async with connected(self.dsn) as connection:
            sessions = [row["pid"] for row in await connection.fetch(_BACKENDS)]
            some = [pid for pid in sessions if chance.random() < 0.5]
            chosen = chance.choice((sessions, some))
            await connection.execute("SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid", chosen)

    async def _kill_database(self) -> None:
        await self._keep(self._crash)
        await self._keep(self._cluster.start)

    def _crash(self) -> None:
        """Kill the database. The postmaster is frozen first, so that it starts no process meanwhile."""
        left = self._data.read_pid_file()
        assert left is not None
        os.kill(left.pid, signal.SIGSTOP)
        self._cluster.kill()

    async def _lock(self, show: int) -> None:
        async with connected(self.dsn) as connection, connection.transaction():
            await connection.execute("SELECT FROM show_inventory WHERE show_id = $1 FOR UPDATE", show)
            await asyncio.sleep(LOCKED_S)

    async def _keep(self, work: Callable[[], T]) -> T:
        """Run work in the thread that started PostgreSQL, because PostgreSQL ends with that thread."""
        return await asyncio.get_running_loop().run_in_executor(self._keeper, work)


@asynccontextmanager
async def open_site(folder: Path) -> AsyncIterator[Site]:
    """A site whose servers are still to be started, for the length of a block."""
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1) as keeper:
        cluster = await loop.run_in_executor(keeper, Cluster, folder / "cluster")
        try:
            await migrate(cluster.dsn)
            site = Site(keeper, cluster, folder)
            try:
                yield site
            finally:
                site.close()
        finally:
            await loop.run_in_executor(keeper, cluster.stop)
