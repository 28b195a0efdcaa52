"""The wait for a database that is not there yet: after a power cut it may start later than its servers."""

import asyncio
import ssl
from collections.abc import Callable
from time import monotonic
from typing import Final

from asyncpg import exceptions as pg

from boxoffice.database.servers import Servers, hang_up

PAUSE_S: Final = 1.0
"""Seconds between two tries: sales begin within a second of the database."""

TELL_EVERY_S: Final = 10.0
"""Seconds between two lines about what is waited for."""

_NOT_YET: Final = (
    OSError,
    TimeoutError,
    pg.PostgresConnectionError,
    pg.OperatorInterventionError,  # starting, stopping, or recovering
    pg.TooManyConnectionsError,
    pg.TargetServerAttributeNotMatched,  # no primary among them, yet
)
"""What may be over by itself. A wrong password, a missing database or a malformed address is not."""


async def wait_for_database(dsn: str, wait_max_s: float, tell: Callable[[str], None]) -> None:
    """Returns when the database takes connections; ``tell`` gets a line now and then.

    Raises the driver's error: at once if waiting does not help, else after ``wait_max_s`` seconds.
    """
    servers = Servers(dsn, primary=True)
    give_up_at, told_at = monotonic() + wait_max_s, float("-inf")
    while True:
        try:
            connection = await servers.connect(
                server_settings={"application_name": "boxoffice-start"}, statement_cache_size=0
            )  # nothing is left in a session that a pooler may hand on
        except _NOT_YET as reason:
            if isinstance(reason, ssl.SSLError) or monotonic() >= give_up_at:
                raise
            if monotonic() - told_at >= TELL_EVERY_S:
                told_at = monotonic()
                tell(f"waiting for the database: {str(reason) or 'it does not answer'}")
        else:
            await hang_up(connection)
            return
        await asyncio.sleep(min(PAUSE_S, max(0.0, give_up_at - monotonic())))
