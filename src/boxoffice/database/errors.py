"""What the driver's errors mean to us: whether there was an effect, and whether another try is worth it."""

from typing import Final

import asyncpg
from asyncpg import exceptions as pg

Errors = tuple[type[Exception], ...]

CONFLICTS: Final[Errors] = (pg.SerializationError, pg.DeadlockDetectedError)
"""Two transactions met: without effect, and worth another try at once."""

BUSY: Final = (pg.LockNotAvailableError, pg.QueryCanceledError)
"""A timeout of ours struck: without effect, and not worth another try now."""

LOST: Final = (
    OSError,
    TimeoutError,
    pg.PostgresConnectionError,
    pg.InterfaceError,
    pg.OperatorInterventionError,
    pg.TooManyConnectionsError,
    pg.ReadOnlySQLTransactionError,  # the server is no primary (any more): another one is
    asyncpg.InternalClientError,
)
"""The connection broke, or there was none. What was sent may have had its effect, or not."""

FAILURES: Final[Errors] = (asyncpg.PostgresError, *LOST)
"""All errors of a server, or of the way to it. Any other error is a mistake of this program."""

DIED: Final = (pg.ConnectionDoesNotExistError, asyncpg.InternalClientError)
"""The connection had died in the pool, or died just now."""

EXHAUSTED: Final = (pg.InsufficientResourcesError, pg.PostgresSystemError)
"""The database lacks room or memory, or its disk fails: without effect, and a smaller batch does not help."""
