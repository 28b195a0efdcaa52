"""The publication of events for readers of PostgreSQL's log, and the slots of such readers (docs/cdc.md)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import urlsplit

from msgspec import Struct, convert

from boxoffice.database.servers import Servers, hang_up
from boxoffice.sql import query
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.faults import Fault
from boxoffice.vocabulary.views import ReplicationSlot

PUBLICATION: Final = "boxoffice_events"

MAJOR_MIN: Final = 15
"""The first release of PostgreSQL whose publications can leave out columns."""

COLUMNS: Final = (
    *("show_id", "seq", "kind", "booking_id", "user_id", "places", "actor", "at", "details", "link"),
)
"""The columns of ``show_events`` that are published. Left out are the address that a request came from, the
reason that somebody gave, and the place of a command in its batch, which means nothing outside."""


class CannotPublish(Fault):
    """The server, or the rights of the database's user, do not allow the publication."""


class Publication(Struct, frozen=True):
    """What the server and the publication are like, as the statement ``publication`` tells.

    ``published``: each table and column that is published, None if there is no publication. ``kept_mb_max``:
    megabytes of log that a slot may retain; -1: without a bound. ``standby_slots``: the standbys for which
    readers wait; None: the server is older than 17.
    """

    version_num: int
    wal_level: str
    who: str
    may_create: bool
    owns: bool
    published: list[str] | None
    only_inserts: bool | None
    kept_mb_max: int
    standby_slots: str | None

    @property
    def is_ours(self) -> bool:
        """Whether it publishes inserts of events, and the columns that it should."""
        ours = sorted(f"show_events.{column}" for column in COLUMNS)
        return self.published is not None and sorted(self.published) == ours and self.only_inserts is True

    @property
    def obstacle(self) -> str | None:
        """Why events cannot be published here, and what to do; None if they can."""
        major = self.version_num // 10_000
        if major < MAJOR_MIN:
            return (
                f"this is PostgreSQL {major}; publishing without the private columns of events needs "
                f"{MAJOR_MIN} or newer"
            )
        if self.wal_level != "logical":
            return (
                f"wal_level is {self.wal_level}; set wal_level = logical, and restart PostgreSQL (managed "
                "databases may have a switch of another name for it)"
            )
        if not self.may_create:
            return (
                f"{self.who} may not publish; its owner can say: GRANT CREATE ON DATABASE ... TO {self.who}"
            )
        if not self.owns:
            return (
                f"{self.who} does not own the table show_events; set DATABASE_URL to the user that migrates"
            )
        return None


async def set_up(dsn: str) -> bool:
    """Publishes events; False: they were published already. Raises ``CannotPublish``."""
    async with _connected(dsn) as connection:
        there = await _publication(connection)
        if there.obstacle is not None:
            raise CannotPublish(there.obstacle)
        if there.published is not None and not there.is_ours:
            raise CannotPublish(
                f"there is another publication {PUBLICATION}; look at it by `boxoffice cdc status`, and end "
                "it by `boxoffice cdc drop` before"
            )
        if there.is_ours:
            return False
        await connection.execute(query("create_publication"))
        return True


async def drop(dsn: str) -> tuple[bool, list[ReplicationSlot]]:
    """Ends the publication: whether there was one, and the slots of this database that still retain log."""
    async with _connected(dsn) as connection:
        there = (await _publication(connection)).published is not None
        if there:
            await connection.execute(query("drop_publication"))
        return there, await _slots(connection)


async def status(dsn: str) -> tuple[Publication, list[ReplicationSlot]]:
    """What the publication and the slots of this database are like."""
    async with _connected(dsn) as connection:
        return await _publication(connection), await _slots(connection)


@asynccontextmanager
async def _connected(dsn: str) -> AsyncIterator[Any]:
    connection = await Servers(dsn, primary="," in urlsplit(dsn).netloc).connect(
        command_timeout=limits.READ_ANSWER_TIMEOUT_S,
        server_settings={"application_name": "boxoffice-cdc"},
        statement_cache_size=0,  # a pooler may send a statement to another session than its PREPARE
    )
    try:
        yield connection
    finally:
        await hang_up(connection)


async def _publication(connection: Any) -> Publication:
    return convert(dict(await connection.fetchrow(query("publication"))), Publication)


async def _slots(connection: Any) -> list[ReplicationSlot]:
    slots = [convert(dict(row), ReplicationSlot) for row in await connection.fetch(query("slots"))]
    return [slot for slot in slots if slot.here]
