"""The settings of access."""

from typing import Annotated, Literal

from boxoffice.settings.group import Group
from boxoffice.settings.texts import Networks, Switch


class AccessSettings(Group, frozen=True, kw_only=True):
    """Whether callers must say who they are, what customers may do, and which proxies are believed."""

    auth: Annotated[
        Switch | None,
        "Whether callers must say who they are (`on`, `off`). Not set: off in development on a loopback "
        "address, and `serve` refuses to start elsewhere.",
    ] = None
    customers_confirm: Annotated[
        bool,
        "Whether customers may confirm holds and book at once; else they hold, and a service confirms after "
        "the payment.",
    ] = False
    trusted_proxies: Annotated[
        Networks,
        "Networks of the proxies in front of the server, separated by commas. Only these proxies are "
        "believed when they name a client's address.",
    ] = ()
    trusted_proxy_header: Annotated[
        Literal["x-forwarded-for", "forwarded"],
        "The header in which these proxies name the client's address; they must set it on every request. "
        "The other header is ignored.",
    ] = "x-forwarded-for"
