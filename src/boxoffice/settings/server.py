"""The settings of the server."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta

from boxoffice.settings.group import Group
from boxoffice.settings.texts import Address, Origins, RootPath, is_loopback


class ServerSettings(Group, frozen=True, kw_only=True):
    """Where the server listens, which pages may call it, what it logs, how it starts and ends."""

    app_env: Annotated[
        Literal["development", "production"],
        "`production` listens on all interfaces and allows no foreign origin unless told to.",
    ] = "development"
    host: Annotated[Address, "Address to listen on; default `0.0.0.0` in production."] = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65535), "Port to listen on."] = 3001
    root_path: Annotated[
        RootPath,
        "Path under which a proxy offers the server, such as `/tickets`; the proxy takes it off. Links, the "
        "API page and its description begin with it.",
    ] = ""
    log_level: Annotated[
        Literal["debug", "info", "warning", "error", "critical"], "Least level that is logged."
    ] = "info"
    body_bytes_max: Annotated[
        int,
        Meta(ge=1024, le=16_777_216),
        "Most bytes of a request's body; a larger body is refused unread. The largest booking has some KB.",
    ] = 65_536
    cors_origins: Annotated[
        Origins,
        "Origins whose pages may call the API, separated by commas; `*` is any, `:*` at the end is any port. "
        "Default in production: none.",
    ] = ("http://localhost:*", "http://127.0.0.1:*")
    hsts: Annotated[
        bool | None, "Whether browsers are told to come by HTTPS only. Default: in production."
    ] = None
    migrate_on_start: Annotated[
        bool,
        "Whether `serve`, `archive`, `keys` and `users` bring the schema up to date first. If not, they "
        "refuse to work with one that does not fit.",
    ] = True
    drain_delay_seconds: Annotated[
        float,
        Meta(ge=0, le=300),
        "Seconds from SIGTERM, when `/readyz` turns 503, until connections are refused: load balancers go "
        "elsewhere meanwhile. Default in production: 5.",
    ] = 0.0

    @classmethod
    def defaults(cls, given: Mapping[str, Any]) -> dict[str, object]:
        """Production is reached from elsewhere and stands behind a load balancer."""
        if given.get("app_env") != "production":
            return {}
        return {"host": "0.0.0.0", "cors_origins": (), "drain_delay_seconds": 5.0}  # noqa: S104 - to be reached

    @property
    def is_sheltered(self) -> bool:
        """Whether the server runs in development and only this machine can reach it."""
        return self.app_env == "development" and is_loopback(self.host)

    @property
    def asks_for_https(self) -> bool:
        """Whether browsers are told to come by HTTPS only."""
        return self.app_env == "production" if self.hsts is None else self.hsts
