"""The settings of the database."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote, urlencode

from msgspec import Meta, field

from boxoffice.settings.group import Group, prefixed
from boxoffice.settings.texts import EMBEDDED, DatabaseUrl, Host, Secret, folder

_PARTS: Final = frozenset({"DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASSWORD"})
"""The settings that name a database in parts."""


class DatabaseSettings(Group, frozen=True, kw_only=True, rename=prefixed("DB_")):
    """Which PostgreSQL is used, and how."""

    url: Annotated[
        DatabaseUrl | None,
        "PostgreSQL to use, `postgresql://user:password@host:port/name`; several hosts, separated by commas, "
        "are a primary and its standbys. `embedded`: the PostgreSQL that comes along, for one machine. "
        "With it `DB_HOST`, `DB_PORT`, `DB_NAME`, `DB_USER` and `DB_PASSWORD` are not read.",
    ] = field(default=None, name="DATABASE_URL")
    host: Annotated[
        Host | None, "Host of PostgreSQL, or the folder of its socket; `localhost` if only `DB_NAME` is set."
    ] = None
    port: Annotated[int, Meta(ge=1, le=65535), "Port of PostgreSQL."] = 5432
    name: Annotated[
        str | None,
        "Database; `ticket_booking` if only `DB_HOST` is set. Without `DB_HOST`, `DB_NAME` and "
        "`DATABASE_URL` there is no database, and no command works on one.",
    ] = None
    user: Annotated[str, "User at PostgreSQL."] = "postgres"
    password: Annotated[Secret | None, "Password at PostgreSQL. Never shown or logged."] = None
    wait_seconds: Annotated[
        float,
        Meta(ge=0, le=86_400),
        "Seconds that `serve`, `live` and `relay run` wait for a PostgreSQL that is not there yet, as after "
        "a power cut. A wrong password or a missing database ends them at once.",
    ] = 60.0
    pool_max: Annotated[
        int,
        Meta(ge=2, le=1000),
        "Connections that a process opens at most; a third of them, six at most, tell others what happens. "
        "Sales and the feed have at least two each. All processes together must stay below PostgreSQL's own "
        "limit.",
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

    @classmethod
    def unread(cls, given: Mapping[str, str]) -> frozenset[str]:
        """The parts of a database beside its URL: Kubernetes sets DB_PORT to an address, if a service is
        called `db`, and that must not stop a start.
        """
        return _PARTS if "DATABASE_URL" in given else frozenset()

    @property
    def is_embedded(self) -> bool:
        """Whether the PostgreSQL that comes along was asked for by its name."""
        return self.url is not None and self.url.reveal() == EMBEDDED

    @property
    def dsn(self) -> str | None:
        """The PostgreSQL to use, password included; None: the embedded one, or none is set."""
        if self.is_embedded:
            return None
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
        hosts = (f"[{one}]" if ":" in one else one for one in host.split(","))
        return f"postgresql://{login}@{','.join(f'{one}:{self.port}' for one in hosts)}/{name}"
