"""How the text of a setting becomes a value, and what is expected of a text that cannot be read."""

import os
import re
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Final, NamedTuple
from urllib.parse import urlsplit

import msgspec

BOOLEANS: Final = {"yes": "true", "no": "false", "on": "true", "off": "false"}
"""Words for true and false beside those that msgspec reads."""

_POSTGRES_SCHEMES: Final = ("postgres://", "postgresql://")
_REDIS_SCHEMES: Final = ("redis://", "rediss://")

EMBEDDED: Final = "embedded"
"""The name of the PostgreSQL that comes along, in the place of an address."""

_ORIGIN: Final = re.compile(
    r"(?P<scheme>https?)://(?:(?P<host>[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?)|\[(?P<six>[0-9a-f:.]+)\])"
    r"(?::(?:\*|(?P<port>[1-9][0-9]{0,4})))?"
)
"""An origin as browsers send it: the host in lower case and in ASCII, no path, not even a final slash."""

_LIKE_IPV4: Final = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
"""A host that browsers take for an IPv4 address, and send as four numbers."""

_USUAL_PORTS: Final = {"http": "80", "https": "443"}
"""The ports that browsers leave out of an origin."""

_HOST: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_.])?")
_ROOT_PATH: Final = re.compile(r"(?:/(?!\.\.?(?:/|$))[A-Za-z0-9._~-]+)*")
"""A path without . and .. as names: browsers take these out, so no request would match."""

_URI: Final = re.compile(r"[a-z][a-z0-9+.-]*:[\x21\x23-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]{1,180}")
"""A URI as CloudEvents wants its source, without the characters that no URI has."""

_BLANK: Final = re.compile(r"[\s\u0000-\u001f\u007f]")


class SettingsError(Exception):
    """A setting is wrong. The message is one line: which setting, what it has, what is expected."""


class Secret:
    """A text that no message, log or ``repr`` shows. Only ``reveal`` returns the text."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


class Shape(NamedTuple):
    """What the text of a setting must look like, as a part of the setting's type.

    ``read`` makes the value of the text and raises ``ValueError`` if the text does not fit;
    ``expected`` is what the error then says.
    """

    read: Callable[[str], object]
    expected: str


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def folder(text: str) -> Path:
    """The folder as an absolute path; ``~`` is the home of the user."""
    return Path(os.path.expanduser(text)).absolute()  # noqa: PTH111 - Path.expanduser fails without a home


def _event_source(text: str) -> str:
    source = text.strip()
    if not _URI.fullmatch(source):
        raise ValueError
    return source


def _postgres_url(text: str) -> Secret:
    url = _without_blanks(text)
    if not url.startswith(_POSTGRES_SCHEMES):
        raise ValueError
    _check_is_escaped(url)
    hosts = urlsplit(url).netloc.rpartition("@")[2]
    # After an unescaped `/` or `#` in the password, the rest of the password stands here as a port that is
    # no number. The ValueError comes now: the driver's later error would quote the password.
    _ = [urlsplit(f"//{host}").port for host in hosts.split(",")]
    return Secret(url)


def _check_is_escaped(url: str) -> None:
    """Raises ``ValueError`` if a password is cut into parts by what is not escaped in it: a part would be
    told as the name of the host or of the database.
    """
    parts = urlsplit(url)
    if "#" in url or "@" in f"{parts.path}{parts.query}":
        raise ValueError


def _database_url(text: str) -> Secret:
    return Secret(EMBEDDED) if text.strip().lower() == EMBEDDED else _postgres_url(text)


def _redis_url(text: str) -> Secret:
    url = _without_blanks(text)
    if not url.startswith(_REDIS_SCHEMES):
        raise ValueError
    _ = urlsplit(url).port
    _check_is_escaped(url)
    return Secret(url)


def _https_url(text: str) -> str:
    url = _without_blanks(text)
    parts = urlsplit(url)
    _ = parts.port
    if not parts.hostname or "@" in parts.netloc or "#" in url:
        raise ValueError
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
        raise ValueError
    return url


def _issuer(text: str) -> str:
    if "?" in text:
        raise ValueError
    return _https_url(text)


def _origins(text: str) -> tuple[str, ...]:
    origins = _listed(text)
    if origins != ("*",) and not all(map(_is_origin, origins)):
        raise ValueError
    return origins


def _is_origin(text: str) -> bool:
    found = _ORIGIN.fullmatch(text)
    if found is None or found["port"] == _USUAL_PORTS[found["scheme"]] or int(found["port"] or 0) > 65_535:
        return False
    if found["six"] is not None:
        return str(IPv6Address(found["six"])) == found["six"]
    return not _LIKE_IPV4.fullmatch(found["host"]) or str(IPv4Address(found["host"])) == found["host"]


def _networks(text: str) -> tuple[str, ...]:
    networks = [ip_network(network) for network in _listed(text)]
    if "%" in text or any(_is_mapped(network) for network in networks if isinstance(network, IPv6Network)):
        raise ValueError
    return tuple(map(str, networks))


def _is_mapped(network: IPv6Network) -> bool:
    """Whether it has IPv4 addresses alone, written as IPv6: a proxy's address is compared as IPv4."""
    return network.network_address.ipv4_mapped is not None


def _listed(text: str) -> tuple[str, ...]:
    listed = tuple(part.strip() for part in text.split(",") if part.strip())
    if not listed:
        raise ValueError
    return listed


def _address(text: str) -> str:
    """A host's name or address, without a port."""
    host = text.strip()
    if ":" in host:
        ip_address(host)
    elif not _HOST.fullmatch(host):
        raise ValueError
    return host


def _hosts(text: str) -> str:
    where = text.strip()
    return where if where.startswith("/") else ",".join(map(_address, _listed(where)))


def _root_path(text: str) -> str:
    path = text.strip().rstrip("/")
    if not _ROOT_PATH.fullmatch(path):
        raise ValueError
    return path


def _claim(text: str) -> str:
    claim = text.strip()
    if "" in claim.split("."):
        raise ValueError
    return claim


def _without_blanks(text: str) -> str:
    """The text without blanks around it. Raises ``ValueError`` for one within: readers of URLs differ."""
    bare = text.strip()
    if _BLANK.search(bare):
        raise ValueError
    return bare


def _switch(text: str) -> object:
    word = text.strip().lower()
    return msgspec.convert(BOOLEANS.get(word, word), bool | None, strict=False)


_POSTGRES_FORM: Final = "postgresql://user:password@host:port/name"

PostgresUrl = Annotated[Secret, Shape(_postgres_url, _POSTGRES_FORM)]
DatabaseUrl = Annotated[
    Secret, Shape(_database_url, f"{_POSTGRES_FORM}, or {EMBEDDED} for the PostgreSQL that comes along")
]
RedisUrl = Annotated[
    Secret, Shape(_redis_url, "redis://user:password@host:port/number, or rediss:// for TLS")
]
HttpsUrl = Annotated[str, Shape(_https_url, "an address that begins with https://")]
Issuer = Annotated[
    str, Shape(_issuer, "an address that begins with https://, as tokens have it in `iss`: without ? and #")
]
Origins = Annotated[
    tuple[str, ...],
    Shape(
        _origins,
        "origins as browsers send them, such as https://tickets.example, separated by commas: in lower case, "
        "without a path, a final / or the usual port; or * alone",
    ),
]
Networks = Annotated[
    tuple[str, ...],
    Shape(
        _networks,
        "addresses or networks such as 10.0.0.0/8, separated by commas; no names, IPv4 not written as IPv6",
    ),
]
Address = Annotated[
    str, Shape(_address, "an address or a host name without a port, such as 0.0.0.0, ::1 or localhost")
]
Host = Annotated[
    str, Shape(_hosts, "host names or addresses without a port, separated by commas, or a folder from / on")
]
EventSource = Annotated[
    str,
    Shape(
        _event_source,
        "a URI of at most 200 characters, such as https://tickets.example or urn:boxoffice:prague",
    ),
]
RootPath = Annotated[str, Shape(_root_path, "a path such as /tickets")]
Claim = Annotated[str, Shape(_claim, "a claim such as roles or realm_access.roles")]
Switch = Annotated[bool, Shape(_switch, "on or off")]
