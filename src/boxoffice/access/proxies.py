"""The address of the client, when proxies stand in front of the server.

A client can write any address into a header. So the chain of addresses is read from the end next to us, and
only as far as each hop is one of our own proxies: the first address that is not one is the client.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, Literal

HOPS_MAX: Final = 16
"""Most addresses of a chain that are read: no real chain of proxies is as long."""

PEERS_KEPT: Final = 1_024
"""Addresses of peers that are remembered as they are told, some 200 bytes each. Proxies are a few."""

Address = IPv4Address | IPv6Address
ProxyHeader = Literal["x-forwarded-for", "forwarded"]

_FORWARDED_BYTES_MAX: Final = 4_096  # of the near end of ``Forwarded``: sixteen hops have less
_LAST: Final = re.compile(r'((?:[^",]|"(?:[^"]|"(?=\\))*"(?!\\))*)(,|$)')
"""The last hop of ``Forwarded``, in a text that is read backwards: a comma in quotes ends none, and what a
client wrote before it cannot open quotes that reach into it."""

_PAIR: Final = re.compile(
    r'(?:^|;)\s*(?P<name>[^=;\s"]+)=(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^;"\s]*))'
)
_PORT: Final = re.compile(r"(?:\[(?P<six>[^\]]*)\]|(?P<four>[0-9.]+))(?::[0-9]{1,5})?")


class Proxies:
    """The proxies that we trust, by their networks, and the one ``header`` that they write.

    No other header is read: a client could add one, and hide its address behind it.
    """

    def __init__(self, networks: Iterable[str], header: ProxyHeader = "x-forwarded-for") -> None:
        self._networks: Final[list[IPv4Network | IPv6Network]] = [ip_network(text) for text in networks]
        self._by_the_rfc: Final = header == "forwarded"
        self._peer: Final = lru_cache(PEERS_KEPT)(self._read_peer)

    def client(self, peer: str | None, listed: bytes | None, forwarded: bytes | None) -> str | None:
        """The client's address: the peer's, unless the peer is a proxy of ours. None without a peer.

        ``listed``, ``forwarded``: the headers X-Forwarded-For and Forwarded; None: the request has none.
        """
        if peer is None or not (self._networks or ":" in peer):
            return peer
        text, proxy = self._peer(peer)
        if proxy is None:
            return text
        hops = _hops(forwarded or b"") if self._by_the_rfc else _listed(listed or b"")
        return str(self._last(proxy, list(hops)))

    def _read_peer(self, peer: str) -> tuple[str, Address | None]:
        """The address of a peer as it is told; and the address again, if the peer is a proxy of ours."""
        address = _address(peer)
        if address is None:
            return peer, None
        return str(address), address if self._trusts(address) else None

    def _last(self, nearest: Address, chain: list[str]) -> Address:
        """The first address that is not a proxy's, seen from us.

        A hop that cannot be read ends the search: the address before that hop is given.
        """
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


def _listed(value: bytes) -> Iterator[str]:
    """The elements of a list, the last one last. Empty elements are none (RFC 9110 5.6.1.2)."""
    return (element for part in value.decode("latin-1").split(",") if (element := part.strip()))


def _hops(value: bytes) -> Iterator[str]:
    """The hops of a value of ``Forwarded``, the nearest last.

    A proxy may quote there what a client wrote, as in ``host="a;for=1.2.3.4"``: that names no hop.
    """
    text, hops = value[-_FORWARDED_BYTES_MAX:].decode("latin-1")[::-1], list[str]()
    read = 0
    while read < len(text) and (last := _LAST.match(text, read)):
        if hop := last[1][::-1].strip():
            hops.append(_named(hop))
        read = last.end()
    if read < len(text):
        hops.append("")  # quotes that do not fit: nothing before them can be read
    return reversed(hops)


def _named(hop: str) -> str:
    """The address for which a hop was made, as it is written; empty if there is none."""
    pairs = {pair["name"].lower(): pair["quoted"] or pair["plain"] or "" for pair in _PAIR.finditer(hop)}
    return pairs.get("for", "")


def _address(text: str) -> Address | None:
    """The address without the port that may follow it; an IPv4 address written as IPv6 is given as IPv4."""
    if (found := _PORT.fullmatch(text)) is not None:
        text = found["six"] or found["four"] or ""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
