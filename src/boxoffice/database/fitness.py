"""Whether this program can work with a PostgreSQL at all: its release, and the encoding of the database."""

from typing import Any, Final

from boxoffice.postgres.binaries import MAJOR_MIN
from boxoffice.vocabulary.faults import Fault

ENCODING: Final = "UTF8"
"""The one encoding that keeps every name: SQL_ASCII counts bytes, others refuse most names."""


class Unfit(Fault):
    """The PostgreSQL server, or the database, is one that this program cannot work with."""


def why_release_unfit(major: int) -> str | None:
    """Why the release does not do; None if it does."""
    if major >= MAJOR_MIN:
        return None
    return f"it must be {MAJOR_MIN} or newer: the seat maps need bit_count"


def why_encoding_unfit(encoding: str) -> str | None:
    """Why the encoding of the database does not do; None if it does."""
    if encoding == ENCODING:
        return None
    return f"make another one: CREATE DATABASE name ENCODING '{ENCODING}' LOCALE 'C.UTF-8' TEMPLATE template0"


def check_fitness(connection: Any) -> None:
    """Asks nothing: a server tells both when a connection begins. Raises ``Unfit``."""
    version, encoding = connection.get_server_version(), connection.get_settings().server_encoding
    if why := why_release_unfit(version.major):
        raise Unfit(f"this is PostgreSQL {version.major}; {why}")
    if why := why_encoding_unfit(encoding):
        raise Unfit(f"the encoding of the database is {encoding}, and not {ENCODING}; {why}")
