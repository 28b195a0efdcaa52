"""The line that a fault is told by. Imported when there is a fault: the driver alone would cost ``--help``
0.1 s.
"""

import errno

import asyncpg

from boxoffice.cli.output import FULL
from boxoffice.postgres.embedded import EmbeddedError
from boxoffice.settings.texts import SettingsError
from boxoffice.vocabulary.faults import Fault


def line_of(fault: Exception) -> str | None:
    """The line for people; None if the error is a mistake of the program, which needs its traceback."""
    match fault:
        case SettingsError() | EmbeddedError() | Fault():
            return str(fault)
        case asyncpg.InsufficientPrivilegeError():
            return f"the database refused: {fault}; its owner can do this (ALTER DATABASE name OWNER TO user)"
        case asyncpg.PostgresError() | asyncpg.InterfaceError() | asyncpg.InternalClientError():
            return f"the database refused: {fault}"
        case TimeoutError():
            return "the database cannot be reached: it does not answer; check DATABASE_URL or DB_*"
        case OSError(filename=str() as path):
            return f"{path}: {fault.strerror}"
        case OSError(errno=errno.ENOSPC):  # no database answers with it, and a file has a name
            return FULL
        case OSError():
            return f"the database cannot be reached: {fault}; check DATABASE_URL or DB_*"
        case _:
            return None
