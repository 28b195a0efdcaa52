"""Sessions at the database whose settings are in force, whatever stands between.

A setting that a pooler lost would be lost in silence, and with it an isolation or the bound of a wait. So
they are given at the start of a session and looked at there or, with a pooler that hands sessions on after
each transaction (``DB_POOLER``), given again in every transaction.
"""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, suppress
from enum import Enum, auto
from typing import Any, Final, Self

import asyncpg
from asyncpg import exceptions as pg

from boxoffice.database.servers import Servers
from boxoffice.database.timing import PoolTiming, StatementTiming
from boxoffice.settings.database import DatabaseSettings
from boxoffice.settings.texts import SettingsError
from boxoffice.sql import query
from boxoffice.vocabulary import limits

_TRANSACTION_TIMEOUT_SINCE: Final = 17
"""The PostgreSQL that can bound a transaction."""

_WAIT_FOR_STANDBY: Final = "SyncRepWaitForLSN"
"""The function in PostgreSQL that warns, in any language, when a commit gave up to wait for the standby."""


class _Drop(Enum):
    """Why a session is dropped instead of given back, which would wait for its answer once more.

    No cancel request is sent with it: that would end a commit's wait for its standby, and show as committed
    what no standby has.
    """

    LEFT = auto()
    """Its caller was cancelled, and its statement may still run."""

    LATE = auto()
    """It did not answer in time."""

    ENDED = auto()
    """The server ended it while it was idle. Until the driver notices the end, it answers the next statement
    with an error of its own state."""

    NO_PRIMARY = auto()
    """Its server takes no writes any more: another one is the primary."""


class NotReplicated(ConnectionError):
    """It is committed, but its wait for the standby was ended from outside: as good as a lost answer."""


def writer_settings(settings: DatabaseSettings) -> dict[str, str]:
    """The settings of PostgreSQL for sessions that write."""
    return {
        "default_transaction_isolation": settings.isolation.replace("_", " "),
        # A plan made while a table was empty would scan it for ever.
        "enable_seqscan": "off",
        # One plan a statement, made once: none is better for some values than for others.
        "plan_cache_mode": "force_generic_plan",
        "statement_timeout": str(limits.STATEMENT_TIMEOUT_MS),
    }


def reader_settings() -> dict[str, str]:
    """The settings of PostgreSQL for sessions that read."""
    return {
        "default_transaction_read_only": "on",
        "statement_timeout": str(limits.READ_STATEMENT_TIMEOUT_MS),
    }


class Sessions:
    """A pool of sessions, ``size`` at most; ``open`` before use, ``close`` after.

    ``name`` is its name in the metrics; ``session_settings`` are settings of PostgreSQL.
    """

    def __init__(
        self,
        name: str,
        settings: DatabaseSettings,
        servers: Servers,
        *,
        size: int,
        session_settings: Mapping[str, str],
        answer_timeout_s: float,
    ) -> None:
        self._servers = servers
        self._size = size
        self._answer_timeout_s = answer_timeout_s
        self._pooler = settings.pooler == "transaction"
        self._load = PoolTiming(name)
        self._statements = StatementTiming(settings.slow_query_seconds)
        self._session_settings = {
            "timezone": "UTC",
            "jit": "off",
            "lock_timeout": str(limits.LOCK_TIMEOUT_MS),
            "idle_in_transaction_session_timeout": str(limits.IDLE_IN_TRANSACTION_TIMEOUT_MS),
            **session_settings,
        }
        self._begins = {bound: _begin(self._session_settings, bound=bound) for bound in (False, True)}
        self.pool: asyncpg.Pool[asyncpg.Record]

    async def open(self, *, at_once: bool = True) -> None:
        """Connects if ``at_once``, else when need be; raises the driver's error, or ``SettingsError``."""
        start: dict[str, Any] = (
            {"statement_cache_size": 0} if self._pooler else {"init": self._start}
        )  # a prepared statement would stay behind in the pooler's session
        self.pool = await asyncpg.create_pool(
            connect=self._servers.connect,
            min_size=int(at_once),
            max_size=self._size,
            reset=_keep_session,
            server_settings={
                "application_name": "boxoffice",
                **({} if self._pooler else self._session_settings),
            },
            **start,
        )

    async def close(self) -> None:
        """Closes the sessions, those that do not end in time by force."""
        try:
            await asyncio.wait_for(self.pool.close(), limits.ANSWER_TIMEOUT_S)
        except TimeoutError:
            self.pool.terminate()

    def session(
        self, wait_max_s: float, turns: asyncio.Semaphore | None = None
    ) -> AbstractAsyncContextManager[Any]:
        """A session for the length of a block; with ``turns``, after a turn was had. Raises the driver's
        errors.
        """
        return self._load.acquire(self.pool, wait_max_s, turns)

    def tell_load(self) -> None:
        """Sets the gauges of the pool."""
        self._load.tell(self.pool)

    async def ask(self, connection: Any, name: str, *args: object) -> list[asyncpg.Record]:
        """The rows of ``queries/<name>.sql``, whose transaction is committed.

        Raises the driver's errors, ``TimeoutError`` and ``NotReplicated``.
        """
        watch = _Watch(connection, self._answer_timeout_s)
        try:
            with watch, self._statements.over(name):
                rows = await self._rows(connection, query(name), args)
        except (Exception, asyncio.CancelledError) as error:
            if (why := _why_dropped(error, late=watch.rang)) is not None:
                await self._drop(connection, why)
            if why is _Drop.LATE:
                raise TimeoutError("no answer in time") from error
            raise
        if watch.heard(_WAIT_FOR_STANDBY):
            raise NotReplicated("the commit's wait for its standby was ended")
        return rows

    async def _drop(self, connection: Any, why: _Drop) -> None:
        """Ends the session at once. Those that rest in the pool may be no better: they are renewed."""
        with suppress(asyncpg.InterfaceError):  # the alarm of a late answer has ended it
            connection.terminate()
        if why is not _Drop.LEFT:
            await self.pool.expire_connections()

    async def _rows(self, connection: Any, text: str, args: tuple[object, ...]) -> list[asyncpg.Record]:
        if not self._pooler:
            rows: list[asyncpg.Record] = await connection.fetch(text, *args)
            return rows
        await connection.execute(self._begins[_bounds_transactions(connection)])
        rows = await connection.fetch(text, *args)
        await connection.execute("COMMIT")
        return rows  # after an error, the driver rolls back when the session is given back

    async def _start(self, connection: Any) -> None:
        """Bounds the session's transactions: no other timeout sees one whose statement is done and whose end
        does not arrive. Then looks whether all that was asked for is in force.
        """
        if _bounds_transactions(connection):
            await connection.fetchval(query("bound_transactions"), str(limits.TRANSACTION_TIMEOUT_MS))
        wanted = list(self._session_settings), list(self._session_settings.values())
        lost = [row["name"] for row in await connection.fetch(query("settings_lost"), *wanted)]
        if lost:
            raise SettingsError(
                f"PostgreSQL has not got what a session begins with ({', '.join(lost)}); "
                "if a pooler stands between, set DB_POOLER to transaction"
            )


def _why_dropped(error: BaseException, *, late: bool) -> _Drop | None:
    """Why the session is dropped after this error; None if it is as good as before."""
    if isinstance(error, asyncio.CancelledError):
        return _Drop.LEFT
    if late or isinstance(error, TimeoutError):
        return _Drop.LATE
    if isinstance(error, asyncpg.InternalClientError):
        return _Drop.ENDED
    return _Drop.NO_PRIMARY if isinstance(error, pg.ReadOnlySQLTransactionError) else None


class _Watch:
    """Looks after a statement: drops its connection when the answer is late, and hears warnings."""

    def __init__(self, connection: Any, answer_timeout_s: float) -> None:
        self._connection = connection
        self._answer_timeout_s = answer_timeout_s
        self._warnings: list[Any] = []
        self.rang = False

    def __enter__(self) -> Self:
        self._connection.add_log_listener(self._hear)
        self._alarm = asyncio.get_running_loop().call_later(self._answer_timeout_s, self._ring)
        return self

    def __exit__(self, *_: object) -> None:
        self._alarm.cancel()
        with suppress(asyncpg.InterfaceError):  # it is gone, and we with it
            self._connection.remove_log_listener(self._hear)

    def heard(self, function: str) -> bool:
        """Whether that function of PostgreSQL has warned."""
        return any(message.server_source_function == function for message in self._warnings)

    def _hear(self, _connection: Any, message: Any) -> None:
        self._warnings.append(message)

    def _ring(self) -> None:
        self.rang = True
        self._connection.terminate()


def _begin(session_settings: Mapping[str, str], *, bound: bool) -> str:
    """The begin of a transaction with these settings, which are words and numbers of this program."""
    bounds = {"transaction_timeout": str(limits.TRANSACTION_TIMEOUT_MS)} if bound else {}
    settings = {name.removeprefix("default_"): value for name, value in session_settings.items()} | bounds
    return "; ".join(("BEGIN", *(f"SET LOCAL {name} = '{value}'" for name, value in settings.items())))


def _bounds_transactions(connection: Any) -> bool:
    version: int = connection.get_server_version().major
    return version >= _TRANSACTION_TIMEOUT_SINCE


async def _keep_session(_connection: Any) -> None:
    """Nothing to reset: no statement of ours changes the session. Saves a round trip each time."""
