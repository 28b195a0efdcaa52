"""Sessions at the database whose settings are in force, whatever stands between.

A setting that a pooler lost would be lost in silence, and with it an isolation or the bound of a wait. So
they are given at the start of a session and looked at there or, with a pooler that hands sessions on after
each transaction (``DB_POOLER``), given again in every transaction.
"""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, Final, Self

import asyncpg
from asyncpg import exceptions as pg

from boxoffice.database.servers import Servers
from boxoffice.database.timing import PoolWatch, StatementWatch
from boxoffice.settings.database import DatabaseSettings
from boxoffice.settings.texts import SettingsError
from boxoffice.sql import query
from boxoffice.vocabulary import limits

_TRANSACTION_TIMEOUT_SINCE: Final = 17
"""The PostgreSQL that can bound a transaction."""

_WAIT_FOR_STANDBY: Final = "SyncRepWaitForLSN"
"""The function in PostgreSQL that warns, in any language, when a commit gave up to wait for the standby."""

_SPOILT: Final = (TimeoutError, asyncpg.InternalClientError, pg.ReadOnlySQLTransactionError)
"""Errors after which neither this session nor those that rest in the pool are of any use."""


class NotReplicated(ConnectionError):
    """It is committed, but its wait for the standby was ended from outside: as good as a lost answer."""


def writing(settings: DatabaseSettings) -> dict[str, str]:
    """What is in force where we write."""
    return {
        "default_transaction_isolation": settings.isolation.replace("_", " "),
        # A plan made while a table was empty would scan it for ever.
        "enable_seqscan": "off",
        # One plan a statement, made once: none is better for some values than for others.
        "plan_cache_mode": "force_generic_plan",
        "statement_timeout": str(limits.STATEMENT_TIMEOUT_MS),
    }


def reading() -> dict[str, str]:
    """What is in force where we read."""
    return {
        "default_transaction_read_only": "on",
        "statement_timeout": str(limits.READ_STATEMENT_TIMEOUT_MS),
    }


class Sessions:
    """A pool of sessions, ``size`` at most; ``open`` before use, ``close`` after.

    ``name`` is its name in the metrics; ``in_force`` are settings of PostgreSQL.
    """

    def __init__(
        self,
        name: str,
        settings: DatabaseSettings,
        servers: Servers,
        *,
        size: int,
        in_force: Mapping[str, str],
        answer_timeout_s: float,
    ) -> None:
        self._servers = servers
        self._size = size
        self._answer_timeout_s = answer_timeout_s
        self._pooler = settings.pooler == "transaction"
        self._load = PoolWatch(name)
        self._statements = StatementWatch(settings.slow_query_seconds)
        self._in_force = {
            "timezone": "UTC",
            "jit": "off",
            "lock_timeout": str(limits.LOCK_TIMEOUT_MS),
            "idle_in_transaction_session_timeout": str(limits.IDLE_IN_TRANSACTION_TIMEOUT_MS),
            **in_force,
        }
        self._begins = {bound: _begin(self._in_force, bound=bound) for bound in (False, True)}
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
                **({} if self._pooler else self._in_force),
            },
            **start,
        )

    async def close(self) -> None:
        """Closes the sessions, those that do not end in time by force."""
        try:
            await asyncio.wait_for(self.pool.close(), limits.ANSWER_TIMEOUT_S)
        except TimeoutError:
            self.pool.terminate()

    def session(self, wait_max_s: float) -> AbstractAsyncContextManager[Any]:
        """A session for the length of a block. Raises the driver's errors."""
        return self._load.acquire(self.pool, wait_max_s)

    def tell_load(self) -> None:
        """Sets the gauges of the pool."""
        self._load.tell(self.pool)

    async def ask(self, connection: Any, name: str, *args: object) -> list[asyncpg.Record]:
        """The rows of ``queries/<name>.sql``, whose transaction is committed.

        A session that does not answer in time, or that was ended while it was idle (until its end is
        noticed, the driver finds itself in the middle of an error there), is dropped at once; giving it back
        would wait for its answer once more. Those that rest in the pool may be no better: they are renewed.
        It is dropped without a cancel request: that would end a commit's wait for its standby, and show as
        committed what no standby has. Raises the driver's errors, ``TimeoutError`` and ``NotReplicated``.
        """
        watch = _Watch(connection, self._answer_timeout_s)
        try:
            with watch, self._statements.over(name):
                rows = await self._rows(connection, query(name), args)
        except asyncio.CancelledError:
            connection.terminate()
            raise
        except Exception as error:
            if watch.rang:
                await self.pool.expire_connections()
                raise TimeoutError("no answer in time") from error
            if isinstance(error, _SPOILT):
                connection.terminate()
                await self.pool.expire_connections()
            raise
        if watch.heard(_WAIT_FOR_STANDBY):
            raise NotReplicated("the commit's wait for its standby was ended")
        return rows

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
        wanted = list(self._in_force), list(self._in_force.values())
        lost = [row["name"] for row in await connection.fetch(query("settings_lost"), *wanted)]
        if lost:
            raise SettingsError(
                f"PostgreSQL has not got what a session begins with ({', '.join(lost)}); "
                "if a pooler stands between, set DB_POOLER to transaction"
            )


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


def _begin(in_force: Mapping[str, str], *, bound: bool) -> str:
    """The begin of a transaction with these settings, which are words and numbers of this program."""
    bounds = {"transaction_timeout": str(limits.TRANSACTION_TIMEOUT_MS)} if bound else {}
    settings = {name.removeprefix("default_"): value for name, value in in_force.items()} | bounds
    return "; ".join(("BEGIN", *(f"SET LOCAL {name} = '{value}'" for name, value in settings.items())))


def _bounds_transactions(connection: Any) -> bool:
    version: int = connection.get_server_version().major
    return version >= _TRANSACTION_TIMEOUT_SINCE


async def _keep_session(_connection: Any) -> None:
    """Nothing to reset: no statement of ours changes the session. Saves a round trip each time."""
