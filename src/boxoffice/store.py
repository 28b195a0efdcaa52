"""The only door to the database: two pools, one for writing and one for reading.

A write is one function call in a transaction of its own. What may be tried again is tried again here,
so that no caller ever sees a serialization failure, a deadlock or a lost connection.
"""

import asyncio
import random
from time import monotonic
from typing import Any, Final

import asyncpg
from asyncpg import exceptions as pg

from boxoffice import limits, metrics
from boxoffice.faults import Busy, OutcomeUnknown, Unavailable
from boxoffice.settings import Settings
from boxoffice.sql import query
from boxoffice.watch import PoolWatch, StatementWatch

Errors = tuple[type[Exception], ...]

CONFLICTS: Final[Errors] = (pg.SerializationError, pg.DeadlockDetectedError)
"""Two transactions met: without effect, and worth another try at once."""

_BUSY: Final = (pg.LockNotAvailableError, pg.QueryCanceledError)
"""A timeout of ours struck: without effect, and not worth another try now."""

_LOST: Final = (
    OSError,
    TimeoutError,
    pg.PostgresConnectionError,
    pg.InterfaceError,
    pg.OperatorInterventionError,
    pg.TooManyConnectionsError,
    asyncpg.InternalClientError,
)
"""The connection broke, or there was none: with or without effect."""

_DIED: Final = (pg.ConnectionDoesNotExistError, asyncpg.InternalClientError)
"""The connection had died in the pool, or died just now."""

_TRANSACTION_TIMEOUT_SINCE: Final = 17
"""The PostgreSQL that can bound a transaction."""

_EXHAUSTED: Final = (pg.InsufficientResourcesError, pg.PostgresSystemError)
"""The database lacks room or memory, or its disk fails: without effect, and a smaller batch does not help."""


class Store:
    """Runs queries by name; ``open`` before use, ``close`` after."""

    def __init__(self, settings: Settings, dsn: str) -> None:
        self._dsn = dsn
        self._isolation = settings.db_isolation.replace("_", " ")
        self.writers_max = min(limits.WORKERS_MAX, settings.db_pool_max // 2)
        self._readers_max = settings.db_pool_max - self.writers_max
        self._writers_watch = PoolWatch("writers")
        self._readers_watch = PoolWatch("readers")
        self._statements = StatementWatch(settings.slow_query_seconds)
        self._writers: asyncpg.Pool[asyncpg.Record]
        self._readers: asyncpg.Pool[asyncpg.Record]

    async def open(self) -> None:
        """Connects; raises the driver's error if the database cannot be reached."""
        self._writers = await self._pool(
            self.writers_max,
            {
                "default_transaction_isolation": self._isolation,
                # A plan made while a table was empty would scan it for ever.
                "enable_seqscan": "off",
                # One plan a statement, made once: none is better for some values than for others.
                "plan_cache_mode": "force_generic_plan",
                "statement_timeout": str(limits.STATEMENT_TIMEOUT_MS),
            },
            limits.ANSWER_TIMEOUT_S,
        )
        self._readers = await self._pool(
            self._readers_max,
            {
                "default_transaction_read_only": "on",
                "statement_timeout": str(limits.READ_STATEMENT_TIMEOUT_MS),
            },
            limits.READ_ANSWER_TIMEOUT_S,
        )

    async def close(self) -> None:
        """Closes the connections, those that do not end in time by force."""
        for pool in (self._readers, self._writers):
            try:
                await asyncio.wait_for(pool.close(), limits.ANSWER_TIMEOUT_S)
            except TimeoutError:
                pool.terminate()

    def tell_load(self) -> None:
        """Sets the gauges of the pools."""
        self._writers_watch.tell(self._writers)
        self._readers_watch.tell(self._readers)

    async def read(self, name: str, *args: object) -> list[asyncpg.Record]:
        """The rows of ``queries/<name>.sql``; asked twice if the connection broke. Raises ``Unavailable``."""
        try:
            try:
                return await self._read_once(name, *args)
            except _DIED:
                return await self._read_once(name, *args)
        except (*_LOST, *_BUSY) as error:
            raise Unavailable("the database did not answer") from error
        except asyncpg.PostgresError as error:
            _tell_exhausted(error)
            raise

    async def _read_once(self, name: str, *args: object) -> list[asyncpg.Record]:
        async with self._readers_watch.acquire(self._readers, limits.READ_WAIT_MAX_S) as connection:
            with self._statements.over(name):
                return await _fetch(self._readers, connection, name, *args)

    async def write(
        self, name: str, *args: object, tell_again: bool = False, retry_on: Errors = CONFLICTS
    ) -> list[asyncpg.Record]:
        """The rows of a writing query, tried again within the retry budget.

        It must have one effect at most, however often it runs: run_batch by its batch id,
        run_desk_command by its key. ``tell_again``: its last parameter is whether an earlier try may
        have been done. Raises ``Unavailable`` (without effect) and ``OutcomeUnknown``.
        """
        give_up_at = monotonic() + limits.WRITE_RETRY_BUDGET_S
        lost_pause_s = limits.RETRY_PAUSE_FIRST_S
        maybe_done = False  # a try was sent whose answer is lost: only a later try can tell
        while True:
            sent = False
            try:
                async with self._writers_watch.acquire(self._writers, limits.CONNECT_TIMEOUT_S) as connection:
                    sent = True
                    again = [maybe_done] if tell_again else []
                    with self._statements.over(name):
                        return await _fetch(self._writers, connection, name, *args, *again)
            except retry_on as error:
                cause: Exception = error
            except _BUSY as error:
                if not maybe_done:
                    raise Busy("something else keeps the show locked") from error
                cause = error
            except _LOST as error:
                cause = error
                maybe_done = maybe_done or sent
            except asyncpg.PostgresError as error:
                if not maybe_done:
                    _tell_exhausted(error)
                    raise
                cause = error
            metrics.WRITE_RETRIES.labels(type(cause).__name__).inc()
            if monotonic() > give_up_at:
                raise (OutcomeUnknown if maybe_done else Unavailable)(
                    "the database did not answer"
                ) from cause
            pause_s = limits.CONFLICT_PAUSE_MAX_S if isinstance(cause, retry_on) else lost_pause_s
            lost_pause_s = min(lost_pause_s * 2, limits.RETRY_PAUSE_MAX_S)
            await asyncio.sleep(random.uniform(0, pause_s))  # noqa: S311 - jitter, not a secret

    async def _pool(
        self, size: int, server_settings: dict[str, str], answer_timeout_s: float
    ) -> "asyncpg.Pool[asyncpg.Record]":
        return await asyncpg.create_pool(
            self._dsn,
            min_size=1,
            max_size=size,
            timeout=limits.CONNECT_TIMEOUT_S,
            command_timeout=answer_timeout_s,
            init=_bound_transactions,
            reset=_keep_session,
            server_settings={
                "application_name": "boxoffice",
                "timezone": "UTC",
                "jit": "off",
                "lock_timeout": str(limits.LOCK_TIMEOUT_MS),
                "idle_in_transaction_session_timeout": str(limits.IDLE_IN_TRANSACTION_TIMEOUT_MS),
                **server_settings,
            },
        )


async def _fetch(
    pool: "asyncpg.Pool[asyncpg.Record]", connection: Any, name: str, *args: object
) -> list[asyncpg.Record]:
    """The rows. A connection that does not answer, or that was ended while it was idle (until its end is
    noticed, the driver finds itself in the middle of an error there), is dropped at once; giving it back
    would wait for its answer once more. Those that rest in the pool may be no better: they are renewed.
    """
    try:
        rows: list[asyncpg.Record] = await connection.fetch(query(name), *args)
    except (TimeoutError, asyncpg.InternalClientError):
        connection.terminate()
        await pool.expire_connections()
        raise
    return rows


def _tell_exhausted(error: asyncpg.PostgresError) -> None:
    """Raises ``Unavailable`` if that is what the error comes to."""
    if isinstance(error, _EXHAUSTED):
        raise Unavailable("the database lacks resources") from error


async def _bound_transactions(connection: Any) -> None:
    """No other timeout sees a transaction whose statement is done and whose end does not arrive."""
    if connection.get_server_version().major >= _TRANSACTION_TIMEOUT_SINCE:
        await connection.fetchval(query("bound_transactions"), str(limits.TRANSACTION_TIMEOUT_MS))


async def _keep_session(_connection: Any) -> None:
    """Nothing to reset: no statement of ours changes the session. Saves a round trip each time."""
