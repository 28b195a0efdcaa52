"""The engine's clock, moved by hand."""

from datetime import datetime, timedelta

from boxoffice.sql import scripts
from tests.support.engine.databases import Connection


class Clock:
    """A clock that stands still in one database until a test moves it: ``engine_now()`` is replaced there."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self.now = now

    async def set(self, now: datetime) -> None:
        """Set the clock to ``now``."""
        self.now = now
        # The body of a function takes no parameters, so the timestamp, which is our own, is part of the text.
        await self._connection.execute(
            "CREATE OR REPLACE FUNCTION engine_now() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE "
            f"RETURN timestamptz '{now.isoformat()}'"
        )

    async def let_go(self) -> None:
        """Let the clock be the program's again."""
        await self._connection.execute(scripts("functions")["engine_now"])

    async def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        await self.set(self.now + timedelta(seconds=seconds))


async def stopped_clock(connection: Connection) -> Clock:
    """A clock that stands still at the database's own time."""
    clock = Clock(connection, await connection.fetchval("SELECT clock_timestamp()"))
    await clock.set(clock.now)
    return clock
