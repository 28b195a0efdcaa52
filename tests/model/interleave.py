"""Transactions of several sessions, step by step, in every order.

A session is a connection of the engine's store that sends the store's statements in two steps: run the batch,
then commit. A tick moves the clock forward. A bystander may lock the shows first; it changes nothing and lets
go at the tick. If a step waits for a lock, the test sees the wait and goes on with the other sessions. The
step must then go on by itself.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

from boxoffice.database.store import Store
from boxoffice.sql import scripts
from tests.model.sessions import Batch, Session, Told
from tests.support.engine.databases import Connection, connected
from tests.support.process.polling import WAIT_MAX_S
from tests.support.settings import settings_for

Order = tuple[int, ...]
"""An order of steps. A number stands for a step of that session, ``LOCK`` (only as the first) for the
bystander's lock, ``TICK`` for the tick."""

SESSIONS: Final = 3
TICK: Final = -1
LOCK: Final = -2

_LOCK: Final = "SELECT FROM show_inventory WHERE show_id = ANY ($1::bigint[]) ORDER BY show_id FOR UPDATE"
_WAITING: Final = "SELECT pid FROM unnest($1::integer[]) AS pid WHERE pg_blocking_pids(pid) <> '{}'"
_AT_WORK: Final = "SELECT count(*) FROM pg_stat_activity WHERE pid = ANY ($1) AND state <> 'idle'"

# The clock is a sequence, so every transaction sees a tick at once, whatever its snapshot.
_CLOCK: Final = """
    CREATE SEQUENCE seconds MINVALUE 0 START 0;
    CREATE OR REPLACE FUNCTION engine_now() RETURNS timestamptz LANGUAGE sql VOLATILE
    RETURN timestamptz '2030-01-01 00:00:00Z' + (SELECT last_value FROM seconds) * interval '1 second';
"""


def orders(sessions: int, *, tick: bool) -> Iterator[Order]:
    """Every order of the two steps of each session and, if asked for, the tick."""
    return _orders(dict.fromkeys(range(sessions), 2) | ({TICK: 1} if tick else {}))


def locked_orders() -> Iterator[Order]:
    """Every order of two sessions in which one or both wait for the bystander's lock before it is let go."""
    for order in orders(2, tick=True):
        before = order[: order.index(TICK)]
        if before and len(set(before)) == len(before):
            yield (LOCK, *order)


def _orders(left: dict[int, int]) -> Iterator[Order]:
    if not any(left.values()):
        yield ()
    for who in [who for who, steps in left.items() if steps]:
        for rest in _orders(left | {who: left[who] - 1}):
            yield (who, *rest)


class Arena:
    """A database with its sessions, the bystander's connection, and an observer's connection."""

    def __init__(self, sessions: list[Session], bystander: Connection, observer: Connection) -> None:
        self.observer = observer
        self._sessions = sessions
        self._bystander = bystander

    async def play(
        self, order: Order, shows: Sequence[int], batches: Sequence[Batch], tick_s: int
    ) -> list[Told]:
        """Run the batches in this order; returns what each was told. The tick is ``tick_s`` seconds long."""
        rivals = self._sessions[: len(batches)]
        for session, batch in zip(rivals, batches, strict=True):
            session.begin(batch)
        for now, who in enumerate(order, start=1):
            if who == LOCK:
                await self._bystander.execute("BEGIN")
                await self._bystander.fetch(_LOCK, shows)
            elif who == TICK:
                await self._tick(rivals, tick_s)
            else:
                rivals[who].step(now)
            waiting = await self._settled(rivals)
            for session in rivals:
                session.look(now, waits=session.pid in waiting)
        for now, session in enumerate(rivals, start=len(order) + 1):
            await session.finish(now, ticked=TICK in order)
        return [session.told for session in rivals]

    async def set_clock(self, seconds: int) -> None:
        """Set the clock to so many seconds after the start."""
        await self.observer.fetch("SELECT setval('seconds', $1)", seconds)

    async def at_work(self) -> int:
        """How many sessions are not idle; 0 when all is over."""
        count: int = await self.observer.fetchval(_AT_WORK, [session.pid for session in self._sessions])
        return count

    async def _tick(self, rivals: Sequence[Session], seconds: int) -> None:
        await self.set_clock(seconds)
        for session in rivals:
            session.tick()
        if self._bystander.is_in_transaction():
            await self._bystander.execute("ROLLBACK")

    async def _settled(self, sessions: Sequence[Session]) -> set[int]:
        """The process ids of the sessions that wait for a lock, once all other sessions are idle.

        The test reads pg_locks: in pg_stat_activity a session that has just got its lock still seems to wait.
        """
        deadline = time.monotonic() + WAIT_MAX_S
        while True:
            await asyncio.gather(*(session.done_soon() for session in sessions))
            busy = {session.pid for session in sessions if session.busy}
            waiting = {row["pid"] for row in await self.observer.fetch(_WAITING, busy)} if busy else set()
            if waiting == busy:
                return waiting
            assert time.monotonic() < deadline, f"sessions {busy} neither end nor wait"


@asynccontextmanager
async def open_arena(dsn: str, isolation: str) -> AsyncIterator[Arena]:
    """Sessions as the store opens them, but with longer lock timeouts. The clock stands still."""
    store = Store(settings_for(dsn, DB_ISOLATION=isolation, DB_POOL_MAX=2 * SESSIONS), dsn)
    await store.open()
    async with AsyncExitStack() as stack:
        bystander, observer = [await stack.enter_async_context(connected(dsn)) for _ in range(2)]
        await observer.execute(_CLOCK)
        # A batch of several shows waits 100 ms for a lock, and is then sent show by show; here it waits on.
        await observer.execute(scripts("functions")["run_batch"].replace("'100ms'", "'1min'"))
        try:
            connections: list[Any] = [await store._writers.pool.acquire() for _ in range(SESSIONS)]
            for connection in connections:
                await connection.execute("SET lock_timeout = '1min'; SET deadlock_timeout = '50ms'")
            yield Arena([Session(connection) for connection in connections], bystander, observer)
        finally:
            store._writers.pool.terminate()
            store._readers.pool.terminate()
