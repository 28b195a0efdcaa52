"""Which addresses an endpoint may have: public ones, and those in networks that a setting names.

The list is ours, for ``ipaddress.is_global`` answers differently from one patch release of Python to the next
(CVE-2024-4032), and takes multicast and some translated addresses for public ones.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Ip = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

SPECIAL_V4: Final = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # shared by carriers
            "127.0.0.0/8",  # this machine
            "169.254.0.0/16",  # link-local, where clouds tell secrets
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocol assignments
            "192.0.2.0/24",  # documentation
            "192.31.196.0/24",  # AS112
            "192.52.193.0/24",  # AMT
            "192.88.99.0/24",  # 6to4 relays
            "192.168.0.0/16",  # private
            "192.175.48.0/24",  # AS112
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ),
    )
)
"""The special ranges of IPv4 by IANA's registry."""

GLOBAL_V6: Final = IPv6Network("2000::/3")
"""All that IANA has given out for the public internet; what is outside is loopback, local, multicast or
unused."""

SPECIAL_V6: Final = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarks
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4: leads to an IPv4 address
            "2620:4f:8000::/48",  # AS112
            "3fff::/20",  # documentation
        ),
    )
)
"""The special ranges of IPv6 inside ``GLOBAL_V6``."""

_NAT64: Final = IPv6Network("64:ff9b::/96")


class BlockedAddress(Exception):
    """The address is none that a webhook may reach."""


class Judge:
    """Says which addresses may be reached."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        """``allowed``: networks of the operator's own."""
        self._allowed: Final[tuple[Network, ...]] = tuple(map(ip_network, allowed))

    def judged(self, text: str, *, usual_port: bool) -> Ip:
        """The address to connect to. Raises ``BlockedAddress``.

        ``usual_port`` False: only an address of the operator's own may be reached on another port.
        """
        try:
            address = plain(ip_address(text))
        except ValueError:
            raise BlockedAddress(f"{text} is no address") from None
        if self._is_ours(address):
            inner = carried(address)
            if inner is None or self._is_ours(inner) or is_public(inner):
                return address
        elif usual_port and is_public(address):
            return address
        raise BlockedAddress("the address is not a public one" if usual_port else "the port is not allowed")

    def _is_ours(self, address: Ip) -> bool:
        return any(address.version == network.version and address in network for network in self._allowed)

    @property
    def has_networks(self) -> bool:
        """Whether the operator has named networks."""
        return bool(self._allowed)


def plain(address: Ip) -> Ip:
    """The address itself; an IPv4 address that is written as IPv6, as IPv4."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def carried(address: Ip) -> IPv4Address | None:
    """The IPv4 address to which a translator or a tunnel would lead."""
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.sixtofour or (address.teredo[1] if address.teredo else None)


def is_public(address: Ip) -> bool:
    """Whether it is an address of the public internet."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in SPECIAL_V4)
    if address.scope_id is not None or address not in GLOBAL_V6:
        return False
    return not any(address in network for network in SPECIAL_V6)
