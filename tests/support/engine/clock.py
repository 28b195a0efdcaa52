"""The engine's clock, moved by hand."""

from datetime import datetime, timedelta

from tests.support.engine.databases import Connection


class Clock:
    """Stands still in one database until it is moved on: ``engine_now()`` is replaced there."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self.now = now

    async def set(self, now: datetime) -> None:
        """Makes it ``now``."""
        self.now = now
        # Not a query with parameters: a function's body takes none. The text is a timestamp of ours.
        await self._connection.execute(
            "CREATE OR REPLACE FUNCTION engine_now() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE "
            f"RETURN timestamptz '{now.isoformat()}'"
        )

    async def advance(self, seconds: float) -> None:
        """Moves it on."""
        await self.set(self.now + timedelta(seconds=seconds))


async def stopped_clock(connection: Connection) -> Clock:
    """A clock that stands still at the database's own time."""
    clock = Clock(connection, await connection.fetchval("SELECT clock_timestamp()"))
    await clock.set(clock.now)
    return clock
