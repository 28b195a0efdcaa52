"""The servers that a DSN names, and the way to the one that is wanted."""

import getpass
import os
from contextlib import suppress
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

import asyncpg

from boxoffice.vocabulary import limits


class Servers:
    """Connects to the servers of a DSN, ``postgresql://user@one,two/name``; to one that takes writes if
    ``primary``.

    They are tried in turn, each for its share of ``CONNECT_TIMEOUT_S``, and first the one that was right
    last: with a single bound for all, as the driver has it, a silent one would leave the others no time.
    """

    def __init__(self, dsn: str, *, primary: bool) -> None:
        parts = urlsplit(dsn)
        login, at, hosts = parts.netloc.rpartition("@")
        self._dsns: Final = [
            urlunsplit(parts._replace(netloc=f"{login}{at}{host}")) for host in hosts.split(",")
        ]
        self._wanted: Final[dict[str, Any]] = {"target_session_attrs": "primary"} if primary else {}
        self._first = 0

    async def connect(self, *_: object, **options: Any) -> Any:
        """A connection; ``options`` are the driver's. Raises the error of the server that was tried last."""
        number = len(self._dsns)
        left = number
        while True:
            place, left = self._first, left - 1
            try:
                return await asyncpg.connect(
                    self._dsns[place],
                    timeout=limits.CONNECT_TIMEOUT_S / number,
                    **self._wanted,
                    **options,
                )
            except BaseException as error:
                # Whoever asks next begins with the next one, even if we had to give up here.
                self._first = (place + 1) % number
                if not left or not isinstance(error, Exception):
                    raise


async def hang_up(connection: Any) -> None:
    """Closes a connection; by force if the server does not say goodbye in time."""
    with suppress(TimeoutError):
        await connection.close(timeout=limits.ANSWER_TIMEOUT_S)


def address_of(dsn: str) -> str:
    """The database of a DSN, for people: its name, its servers and the user, never the password.

    What the DSN leaves out, the driver takes from PGHOST and its like, and so does this.
    """
    parts = urlsplit(dsn)
    given = dict(parse_qsl(parts.query))
    login, _, hosts = parts.netloc.rpartition("@")
    user = unquote(login.partition(":")[0]) or given.get("user") or os.environ.get("PGUSER")
    user = user or getpass.getuser()
    name = unquote(parts.path.removeprefix("/")) or given.get("dbname") or given.get("database")
    name = name or os.environ.get("PGDATABASE") or user
    where = hosts or given.get("host") or os.environ.get("PGHOST") or "a socket of this machine"
    port = given.get("port") or os.environ.get("PGPORT") or "5432"
    servers = ", ".join(_with_port(host, port) for host in where.split(","))
    return f"database {name!r} at {servers}, user {user!r}"


def _with_port(host: str, port: str) -> str:
    named = urlsplit(f"//{host}").port if not host.startswith("/") else None
    return host if named is not None else f"{host} port {port}"
