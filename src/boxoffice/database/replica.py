"""A read replica: answers what may be some seconds old, as long as it is known how old that is.

How old cannot be told by the time of what the replica has replayed last: on a primary where nothing happens
it grows while the replica has everything. So it is told by places in the log: what the primary had written
when we looked, and the replica has replayed, is there.
"""

import asyncio
from collections import deque
from typing import Final, NamedTuple

import asyncpg
import structlog

from boxoffice.database.errors import FAILURES, LOST
from boxoffice.database.servers import Servers
from boxoffice.database.sessions import Sessions, reader_settings
from boxoffice.settings.settings import Settings
from boxoffice.telemetry import metrics
from boxoffice.vocabulary import limits

log = structlog.get_logger(__name__)

_NEVER: Final = float("-inf")


class _Mark(NamedTuple):
    """How far the primary's log was written, in bytes, at a time of the event loop."""

    at: float
    place: int


class Replica:
    """``open`` before use, ``close`` after. It may be away, then or later: the primary is asked instead."""

    def __init__(self, settings: Settings, primary: Sessions, size: int) -> None:
        assert settings.replica.url is not None
        self._primary = primary
        self._sessions = Sessions(
            "replica",
            settings.database,
            Servers(settings.replica.url.reveal(), primary=False),
            size=size,
            session_settings=reader_settings(),
            answer_timeout_s=limits.REPLICA_ANSWER_TIMEOUT_S,
        )
        self._lag_max_s = settings.replica.lag_seconds_max
        self._marks: deque[_Mark] = deque(maxlen=limits.REPLICA_MARKS_MAX)
        self._whole_until = _NEVER  # by then all that was committed is there
        self._was_near = False
        self._task: asyncio.Task[None]

    async def open(self) -> None:
        """Begins to look after it."""
        await self._sessions.open(at_once=False)
        self._task = asyncio.create_task(self._watch(), name="replica-watch")

    async def close(self) -> None:
        """Ends that and closes the connections."""
        self._task.cancel()
        await asyncio.wait([self._task])
        await self._sessions.close()

    def tell_load(self) -> None:
        """Sets the gauges of the pool."""
        self._sessions.tell_load()

    async def read(self, name: str, *args: object, since: float) -> list[asyncpg.Record] | None:
        """The rows of ``queries/<name>.sql``; None if the primary must be asked.

        If the replica finds nothing, the primary is asked, too: what is asked for may have been made
        elsewhere a moment ago.
        """
        if self._lag_s() > self._lag_max_s:
            answer, rows = "behind", None
        elif self._whole_until < since:
            answer, rows = "changed", None
        else:
            answer, rows = await self._ask(name, *args)
        metrics.REPLICA_READS.labels(answer).inc()
        return rows or None

    async def _ask(self, name: str, *args: object) -> tuple[str, list[asyncpg.Record] | None]:
        try:
            async with self._sessions.session(limits.REPLICA_ANSWER_TIMEOUT_S) as connection:
                rows = await self._sessions.ask(connection, name, *args)
        except LOST:
            self._whole_until = _NEVER  # no other caller waits for it until the next look
            return "gone", None
        except asyncpg.PostgresError:  # a conflict with what is replayed, most of all
            return "failed", None
        return ("replica" if rows else "empty"), rows

    def _lag_s(self) -> float:
        return asyncio.get_running_loop().time() - self._whole_until

    async def _watch(self) -> None:
        while True:
            try:
                await self._look()
            except FAILURES as error:
                log.debug("replica_not_seen", reason=str(error))  # it grows older by itself
            except Exception:
                log.exception("replica_not_seen")
            self._tell()
            await asyncio.sleep(limits.REPLICA_LOOK_EVERY_S)

    async def _look(self) -> None:
        """Finds out until when the replica is whole."""
        now = asyncio.get_running_loop().time()
        written = await self._place(self._primary, "wal_written")
        replayed = await self._place(self._sessions, "wal_replayed")
        if written["cluster"] != replayed["cluster"] or None in (written["place"], replayed["place"]):
            self._whole_until = _NEVER
            return
        if self._marks and written["place"] < self._marks[-1].place:  # another primary, another log
            self._marks.clear()
        self._marks.append(_Mark(now, written["place"]))
        while self._marks and self._marks[0].place <= replayed["place"]:
            self._whole_until = self._marks.popleft().at

    async def _place(self, sessions: Sessions, name: str) -> asyncpg.Record:
        async with sessions.session(limits.REPLICA_ANSWER_TIMEOUT_S) as connection:
            [row] = await sessions.ask(connection, name)
        return row

    def _tell(self) -> None:
        """Says how old it is, and in the log when it comes or goes."""
        lag_s = self._lag_s()
        metrics.REPLICA_LAG_SECONDS.set(lag_s)
        is_near = lag_s <= self._lag_max_s
        if is_near != self._was_near:
            (log.info if is_near else log.warning)("replica_near" if is_near else "replica_behind")
        self._was_near = is_near
