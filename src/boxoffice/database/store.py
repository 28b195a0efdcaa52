"""The only door to the database: sessions that write, sessions that read, and a replica if there is one.

A write is one function call in a transaction of its own. What may be tried again is tried again here,
so that no caller ever sees a serialization failure, a deadlock or a lost connection.
"""

import asyncio
from typing import Any

import asyncpg

from boxoffice.database.errors import BUSY, CONFLICTS, DIED, EXHAUSTED, FAILURES, LOST, Errors
from boxoffice.database.replica import Replica
from boxoffice.database.servers import Servers
from boxoffice.database.sessions import Sessions, reader_settings, writer_settings
from boxoffice.database.tries import StandbySilent, Tries
from boxoffice.settings.settings import Settings
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.faults import Unavailable


class Store:
    """Runs queries by name; ``open`` before use, ``close`` after."""

    def __init__(self, settings: Settings, dsn: str, *, purpose: str = "") -> None:
        """``purpose``: what the connections are for, as their names in the metrics begin."""
        servers = Servers(dsn, primary=settings.database.pooler != "transaction")
        self.writers_max = min(limits.WORKERS_MAX, settings.database.pool_max // 2)
        readers_max = settings.database.pool_max - self.writers_max
        self._writers = Sessions(
            f"{purpose}writers",
            settings.database,
            servers,
            size=self.writers_max,
            session_settings=writer_settings(settings.database),
            answer_timeout_s=limits.ANSWER_TIMEOUT_S,
        )
        self._readers = Sessions(
            f"{purpose}readers",
            settings.database,
            servers,
            size=readers_max,
            session_settings=reader_settings(),
            answer_timeout_s=limits.READ_ANSWER_TIMEOUT_S,
        )
        # One connection is left for looks: if all had to wait behind reads, a load balancer would think that
        # a busy server is a dead one.
        self._turns = asyncio.Semaphore(max(readers_max - 1, 1))
        self._replica = Replica(settings, self._readers, readers_max) if settings.replica.url else None
        self._standby_is_suspect = False

    async def open(self) -> None:
        """Connects; raises the driver's error if the database cannot be reached."""
        await self._writers.open()
        await self._readers.open()
        if self._replica is not None:
            await self._replica.open()

    async def close(self) -> None:
        """Closes the connections, those that do not end in time by force."""
        if self._replica is not None:
            await self._replica.close()
        await self._readers.close()
        await self._writers.close()

    def tell_load(self) -> None:
        """Sets the gauges of the pools."""
        self._writers.tell_load()
        self._readers.tell_load()
        if self._replica is not None:
            self._replica.tell_load()

    async def read(self, name: str, *args: object, since: float | None = None) -> list[asyncpg.Record]:
        """The rows of ``queries/<name>.sql``; asked twice if the connection broke. Raises ``Unavailable``.

        ``since``: they may be some seconds old, but must have all that this process has changed until then
        (by the event loop's time). Such reads go to the replica if it is near enough, all others never.
        """
        if since is not None and self._replica is not None:
            rows = await self._replica.read(name, *args, since=since)
            if rows is not None:
                return rows
        return await self._read_twice(self._turns, name, *args)

    async def look(self, name: str) -> list[asyncpg.Record]:
        """The rows of a short query that must not wait behind reads. Raises ``Unavailable``."""
        return await self._read_twice(None, name)

    async def _read_twice(
        self, turns: asyncio.Semaphore | None, name: str, *args: object
    ) -> list[asyncpg.Record]:
        try:
            try:
                return await self._read_once(turns, name, *args)
            except DIED:
                return await self._read_once(turns, name, *args)
        except (*LOST, *BUSY) as error:
            raise Unavailable("the database did not answer") from error
        except EXHAUSTED as error:
            raise Unavailable("the database lacks resources") from error

    async def _read_once(
        self, turns: asyncio.Semaphore | None, name: str, *args: object
    ) -> list[asyncpg.Record]:
        async with self._readers.session(limits.READ_WAIT_MAX_S, turns) as connection:
            return await self._readers.ask(connection, name, *args)

    async def write(
        self, name: str, *args: object, takes_again: bool = False, retry_on: Errors = CONFLICTS
    ) -> list[asyncpg.Record]:
        """The rows of a writing query, tried again within the retry budget.

        It must have one effect at most, however often it runs: run_batch by its batch id,
        run_desk_command by its key. ``takes_again``: its last parameter is whether an earlier try may
        have been committed. ``retry_on``: errors that a rival causes; the next try follows at once.
        Raises ``Unavailable`` (without effect) and ``OutcomeUnknown``.
        """
        tries = Tries(retry_on)
        while True:
            tries.begin()
            try:
                async with self._writers.session(limits.CONNECT_TIMEOUT_S) as connection:
                    if self._standby_is_suspect:
                        await self._look_for_standby(connection)
                    again = [tries.maybe_committed] if takes_again else []
                    tries.sent = True
                    return await self._send(connection, name, *args, *again)
            except FAILURES as error:
                await asyncio.sleep(tries.pause_after(error))

    async def _send(self, connection: Any, name: str, *args: object) -> list[asyncpg.Record]:
        try:
            return await self._writers.ask(connection, name, *args)
        except TimeoutError:
            self._standby_is_suspect = True
            raise

    async def _look_for_standby(self, connection: Any) -> None:
        """After an answer that did not come in time: whether it waits for a standby. Without this look each
        further try would leave one more session waiting there, until the database has none left.
        """
        [row] = await self._writers.ask(connection, "waits_for_standby", limits.STANDBY_SILENT_S)
        if row["waits"]:
            raise StandbySilent("a synchronous standby does not answer")
        self._standby_is_suspect = False
