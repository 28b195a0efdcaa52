"""The settings of the database."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlencode

from msgspec import Meta, field

from boxoffice.settings.group import Group, prefixed
from boxoffice.settings.texts import PostgresUrl, Secret, folder


class DatabaseSettings(Group, frozen=True, kw_only=True, rename=prefixed("DB_")):
    """Which PostgreSQL is used, and how."""

    url: Annotated[
        PostgresUrl | None,
        "PostgreSQL to use, `postgresql://user:password@host:port/name`; several hosts, separated by commas, "
        "are a primary and its standbys. Wins over `DB_*`.",
    ] = field(default=None, name="DATABASE_URL")
    host: Annotated[
        str | None, "Host of PostgreSQL, or the folder of its socket; `localhost` if only `DB_NAME` is set."
    ] = None
    port: Annotated[int, Meta(ge=1, le=65535), "Port of PostgreSQL."] = 5432
    name: Annotated[
        str | None,
        "Database; `ticket_booking` if only `DB_HOST` is set. Without `DB_HOST`, `DB_NAME` and "
        "`DATABASE_URL`, an embedded PostgreSQL is started.",
    ] = None
    user: Annotated[str, "User at PostgreSQL."] = "postgres"
    password: Annotated[Secret | None, "Password at PostgreSQL. Never shown or logged."] = None
    pool_max: Annotated[
        int,
        Meta(ge=2, le=1000),
        "Connections that a process opens at most, at least one to write and one to read. All processes "
        "together must stay below PostgreSQL's own limit.",
    ] = 20
    isolation: Annotated[
        Literal["serializable", "read_committed"],
        "Isolation of the writing transactions. Both are safe, as the show's row is locked; `serializable` "
        "is a second guard.",
    ] = "serializable"
    pooler: Annotated[
        Literal["none", "transaction"],
        "`transaction` if a pooler such as pgbouncer stands before PostgreSQL and hands connections on after "
        "each transaction. This costs some round trips a transaction.",
    ] = "none"
    slow_query_seconds: Annotated[
        float,
        Meta(ge=0, le=60),
        "A statement that takes so many seconds or more is logged by its name. A batch takes some "
        "milliseconds, the seats of the largest hall a second.",
    ] = field(default=0.5, name="SLOW_QUERY_SECONDS")
    data_dir: Annotated[
        Path,
        "Folder of the embedded PostgreSQL; default `/var/lib/boxoffice` for root, else "
        "`$XDG_DATA_HOME/boxoffice` or `~/.local/share/boxoffice`.",
    ] = field(default=Path("~/.local/share/boxoffice"), name="DATA_DIR")

    @classmethod
    def defaults(cls, given: Mapping[str, Any]) -> dict[str, object]:
        """The folder of the embedded PostgreSQL depends on the user who runs the program."""
        shared = "/var/lib" if os.geteuid() == 0 else given.get("XDG_DATA_HOME", "~/.local/share")
        return {"data_dir": folder(shared) / "boxoffice"}

    @property
    def dsn(self) -> str | None:
        """The PostgreSQL to use, password included; None means the embedded one."""
        if self.url is not None:
            return self.url.reveal()
        if self.host is None and self.name is None:
            return None
        return self._dsn_of_parts()

    def _dsn_of_parts(self) -> str:
        name = quote(self.name or "ticket_booking", safe="")
        login = quote(self.user, safe="")
        if self.password is not None:
            login += ":" + quote(self.password.reveal(), safe="")
        host = self.host or "localhost"
        if host.startswith("/"):
            where = urlencode({"host": host, "port": self.port})
            return f"postgresql://{login}@/{name}?{where}"
        bracketed = f"[{host}]" if ":" in host else host
        return f"postgresql://{login}@{bracketed}:{self.port}/{name}"
