"""The shelter keeps foreign requests out of an open server, on which every caller may do everything.

Without the shelter a foreign web page could act through the browser of a person on this machine: by a form,
or by a host name of its own that leads to this server (DNS rebinding). And a proxy could bring in requests
from a network to which the operator never meant to open the server.
"""

import re
from functools import lru_cache
from typing import Final

from litestar.config.cors import CORSConfig
from litestar.types import HTTPScope

from boxoffice.access.callers import Forbidden
from boxoffice.settings.texts import is_loopback
from boxoffice.web.http.head import RequestHead

_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_HOST_BYTES_MAX: Final = 300  # of a host and its port; what is remembered of a longer one names no host
_HOST: Final = re.compile(rb"(?:\[([0-9A-Fa-f:.]+)\]|([0-9A-Za-z.-]+))(?::[0-9]{1,5})?")
_ELSEWHERE: Final = (
    "AUTH is not set, so this server is for its own machine alone. Set AUTH=on, or AUTH=off if everybody "
    "who reaches it may do everything."
)
_PAGE: Final = (
    "Pages of this origin may not call a server that is open. Add it to CORS_ORIGINS, or set AUTH=on."
)


class Shelter:
    """The checks of requests to an open server.

    ``own_machine``: only requests from this machine, to a loopback address and not through a proxy, are let
    in. False: only writes by pages of foreign origins are kept out.
    """

    def __init__(self, cors: CORSConfig | None, *, own_machine: bool) -> None:
        self._cors = cors
        self._own_machine = own_machine

    def check(self, scope: HTTPScope, head: RequestHead) -> None:
        """Raises ``Forbidden``."""
        if self._own_machine and not is_of_this_machine(scope, head):
            raise Forbidden(_ELSEWHERE)
        if head.origin is not None and (self._own_machine or scope["method"] not in _READING):
            self._check_page(head.origin, head.host)

    def _check_page(self, origin: bytes, host: bytes | None) -> None:
        if origin.partition(b"://")[2] == host:
            return
        if self._cors is None or not self._cors.is_origin_allowed(origin.decode("latin-1")):
            raise Forbidden(_PAGE)


def is_of_this_machine(scope: HTTPScope, head: RequestHead) -> bool:
    """Whether nothing in the request says that it comes from elsewhere, or through a proxy.

    HTTP/1.0 with ``Connection: close`` is such a sign: nginx speaks so to its servers unless told otherwise,
    with our own address as the host and no other trace of itself. Clients that still speak HTTP/1.0, such as
    ``ab``, leave the header out, for it says what HTTP/1.0 does anyway.
    """
    if scope["http_version"] == "1.0" and head.connection == b"close":
        return False
    if head.host is not None and not _is_here(head.host[:_HOST_BYTES_MAX]):
        return False
    if head.forwarded is not None or head.x_forwarded_for is not None or head.proxied is not None:
        return False
    peer = scope["client"]
    return peer is None or _is_near(peer[0])


@lru_cache(maxsize=64)
def _is_here(host: bytes) -> bool:
    """Whether a Host header names a loopback address or ``localhost``."""
    found = _HOST.fullmatch(host)
    return found is not None and is_loopback((found[1] or found[2]).decode().lower())


@lru_cache(maxsize=64)
def _is_near(address: str) -> bool:
    """Whether the other end of a connection is on this machine."""
    return is_loopback(address.removeprefix("::ffff:"))
