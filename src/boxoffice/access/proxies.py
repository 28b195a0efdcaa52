"""Whom a request comes from, when proxies stand in front.

A header can be written by anybody. So the chain of addresses is read from its near end, and only as far
as each hop is one of our own proxies: the first that is not is the client.
"""

import re
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

HOPS_MAX: Final = 16
"""Addresses of a chain that are looked at: no real chain of proxies is as long."""

Address = IPv4Address | IPv6Address

_PAIR: Final = re.compile(r'(?i)(?:^|[;\s])for=(?:"([^"]*)"|([^;,\s"]*))')
_PORT: Final = re.compile(r"(?:\[(?P<six>[^\]]*)\]|(?P<four>[0-9.]+))(?::[0-9]{1,5})?")


class Proxies:
    """The proxies that are believed, by their networks."""

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks: Final[list[IPv4Network | IPv6Network]] = [ip_network(text) for text in networks]

    def client(self, peer: str | None, headers: Iterable[tuple[bytes, bytes]]) -> str | None:
        """The client's address: the peer itself, unless that is a proxy of ours. None if there is none."""
        if not self._networks or peer is None:
            return peer
        nearest = _address(peer)
        if nearest is None or not self._trusts(nearest):
            return peer
        forwarded, listed = _chains(headers)
        if forwarded and listed and self._last(nearest, forwarded) != self._last(nearest, listed):
            return str(nearest)  # one of them is the client's own invention, and we cannot know which
        return str(self._last(nearest, forwarded or listed))

    def _last(self, nearest: Address, chain: list[str]) -> Address:
        """The first address that is not a proxy's; a hop that cannot be read ends the search before it."""
        here = nearest
        for hop in reversed(chain[-HOPS_MAX:]):
            address = _address(hop)
            if address is None:
                return here
            here = address
            if not self._trusts(here):
                return here
        return here

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self._networks)


def _chains(headers: Iterable[tuple[bytes, bytes]]) -> tuple[list[str], list[str]]:
    """The hops that ``Forwarded`` names, and those of ``X-Forwarded-For``, the nearest last."""
    forwarded: list[str] = []
    listed: list[str] = []
    for name, value in headers:
        if name == b"forwarded":
            forwarded += _hops(value.decode("latin-1"))
        elif name == b"x-forwarded-for":
            listed += [hop.strip() for hop in value.decode("latin-1").split(",")]
    return forwarded, listed


def _hops(value: str) -> Iterator[str]:
    for element in value.split(","):
        found = _PAIR.search(element.strip())
        yield (found[1] or found[2] or "") if found else ""


def _address(text: str) -> Address | None:
    """The address, without the port that may follow it; one of IPv4 in IPv6's clothes as IPv4."""
    if (found := _PORT.fullmatch(text)) is not None:
        text = found["six"] or found["four"] or ""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
