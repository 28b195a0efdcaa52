"""The feed of a process, put together from its parts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

from msgspec.structs import replace

from boxoffice.database.store import Store
from boxoffice.engine.engine import BookingEngine
from boxoffice.engine.runtime import open_store
from boxoffice.feed.cursors import Cursors
from boxoffice.feed.reader import FeedReader
from boxoffice.settings.settings import Settings

CONNECTIONS_MAX: Final = 6
"""Connections of the feed: three to write and three to read."""

POOL_MIN: Final = 2
"""Connections that sales and the feed need each: one to write and one to read."""


class Feed(NamedTuple):
    """The reader, the cursors, and the connections of everything that tells what happens. ``source``: the
    name of this installation in events.
    """

    reader: FeedReader
    cursors: Cursors
    store: Store
    source: str


@asynccontextmanager
async def open_feed(settings: Settings, engine: BookingEngine | None = None) -> AsyncIterator[Feed]:
    """A running feed with its own connections. Raises the driver's error if no server can be reached.

    The connections are READ COMMITTED, which is enough for cursors and leases: under SERIALIZABLE what the
    feed reads would let sales fail with conflicts. ``engine``: its changes are seen at once.
    """
    database = replace(
        settings.database, isolation="read_committed", pool_max=feed_connections(settings.database.pool_max)
    )
    async with open_store(replace(settings, database=database), purpose="feed ") as store:
        reader = FeedReader(store)
        if engine is not None:
            engine.tell_changes(reader.hint)
        reader.start()
        try:
            yield Feed(reader, Cursors(store), store, settings.feed.source)
        finally:
            await reader.stop()


def feed_connections(pool_max: int) -> int:
    """How many of a process's connections (``DB_POOL_MAX``) the feed has."""
    return max(min(CONNECTIONS_MAX, pool_max // 3), POOL_MIN)


def sales_connections(pool_max: int) -> int:
    """How many of a process's connections are left for sales. With fewer than four in all, both have two."""
    return max(pool_max - feed_connections(pool_max), POOL_MIN)
