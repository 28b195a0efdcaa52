"""How long the way to the database takes: the wait for a connection of a pool, and each statement."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from time import perf_counter
from typing import Any

import asyncpg
import structlog

from boxoffice.telemetry import metrics
from boxoffice.telemetry.tracing import query_span

_log = structlog.get_logger("boxoffice.store")


class PoolTiming:
    """Times the waits for connections of a pool, and sets its gauges. ``name``: the pool's in the metrics."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._waiting = 0
        self._observe = metrics.POOL_WAIT_SECONDS.labels(name).observe

    @asynccontextmanager
    async def acquire(
        self, pool: "asyncpg.Pool[asyncpg.Record]", timeout_s: float, turns: asyncio.Semaphore | None = None
    ) -> AsyncIterator[Any]:
        """A connection of the pool, as ``pool.acquire`` gives it; with ``turns``, after a turn was had."""
        started = perf_counter()
        self._waiting += 1
        async with AsyncExitStack() as stack:
            try:
                if turns is not None:
                    await _turn(turns, timeout_s)
                    stack.callback(turns.release)
                left_s = max(0.0, timeout_s - (perf_counter() - started))
                connection = await stack.enter_async_context(pool.acquire(timeout=left_s))
            finally:
                self._waiting -= 1
                self._observe(perf_counter() - started)
            yield connection

    def tell(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        """Sets the pool's gauges."""
        size = pool.get_size()
        metrics.POOL_MAX.labels(self._name).set(pool.get_max_size())
        metrics.POOL_OPEN.labels(self._name).set(size)
        metrics.POOL_IN_USE.labels(self._name).set(size - pool.get_idle_size())
        metrics.POOL_WAITING.labels(self._name).set(self._waiting)


async def _turn(turns: asyncio.Semaphore, timeout_s: float) -> None:
    """Waits for a turn. The bound costs a timer, so it is set only if there is a wait."""
    if turns.locked():
        async with asyncio.timeout(timeout_s):
            await turns.acquire()
    else:
        await turns.acquire()


class StatementTiming:
    """Traces statements, and logs those that take ``slow_s`` seconds or longer."""

    def __init__(self, slow_s: float) -> None:
        self._slow_s = slow_s

    @contextmanager
    def over(self, name: str) -> Iterator[None]:
        """Around ``queries/<name>.sql``. Only the name is recorded: arguments may be personal."""
        started = perf_counter()
        try:
            with query_span(name):
                yield
        finally:
            seconds = perf_counter() - started
            if seconds >= self._slow_s:
                metrics.SLOW_QUERIES.labels(name).inc()
                _log.warning("slow query", query=name, duration_ms=round(seconds * 1000, 2))
