"""How a connection to an endpoint is made: one resolution, every address judged, the judged address
connected.

A name is resolved here and nowhere else, at the moment of the connection. So a name that leads to a public
address when it is checked, and to an inner one when it is used, gains nothing.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Final

import httpcore

from boxoffice.webhooks.addresses import Ip, Judge

USUAL_PORTS: Final = frozenset({80, 443})
"""Ports that an endpoint may have. Whether 80 may be used at all is asked before: with http:// alone."""

ADDRESSES_TRIED_MAX: Final = 4
"""Most addresses of a name that are tried: some for IPv6 and some for IPv4."""

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


class JudgingBackend(httpcore.AsyncNetworkBackend):
    """Connects to judged addresses. The name in TLS stays the host of the URL."""

    def __init__(
        self,
        judge: Judge,
        resolve: Resolve | None = None,
        network: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        """``network``: what makes the connections; tests of forbidden addresses count them."""
        self._judge = judge
        self._resolve = resolve or resolved
        self._network = network or httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's own parameter
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Raises ``BlockedAddress``, ``OSError`` if the name leads nowhere, and what httpcore raises."""
        addresses = await self.judged(host, port)
        *others, last = addresses[:ADDRESSES_TRIED_MAX]
        for address in others:
            try:
                return await self._network.connect_tcp(
                    str(address), port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._network.connect_tcp(str(last), port, timeout, local_address, socket_options)

    async def judged(self, host: str, port: int) -> list[Ip]:
        """The addresses of the host, all of which may be reached. Raises ``BlockedAddress``, ``OSError``."""
        texts = await self._resolve(host.strip("[]"), port)
        if not texts:
            raise OSError("the name has no address")
        return [self._judge.judged(text, usual_port=port in USUAL_PORTS) for text in texts]

    async def sleep(self, seconds: float) -> None:
        """Waits."""
        await asyncio.sleep(seconds)


async def resolved(host: str, port: int) -> list[str]:
    """The addresses that the system has for a host, each once. Raises ``OSError``."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))
