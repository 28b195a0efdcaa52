"""How the text of a setting becomes a value, and what is expected of a text that cannot be read."""

import os
import re
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Final, NamedTuple
from urllib.parse import urlsplit

import msgspec

BOOLEANS: Final = {"yes": "true", "no": "false", "on": "true", "off": "false"}
"""Words for true and false beside those that msgspec reads."""

_POSTGRES_SCHEMES: Final = ("postgres://", "postgresql://")
_REDIS_SCHEMES: Final = ("redis://", "rediss://")
_ORIGIN: Final = re.compile(r"\*|https?://[^\s/?#*]+(:\*)?")


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


def _postgres_url(text: str) -> Secret:
    url = text.strip()
    if not url.startswith(_POSTGRES_SCHEMES):
        raise ValueError
    hosts = urlsplit(url).netloc.rpartition("@")[2]
    # After an unescaped `/` or `#` in the password, the rest of the password stands here as a port that is
    # no number. The ValueError comes now: the driver's later error would quote the password.
    _ = [urlsplit(f"//{host}").port for host in hosts.split(",")]
    return Secret(url)


def _redis_url(text: str) -> Secret:
    url = text.strip()
    if not url.startswith(_REDIS_SCHEMES):
        raise ValueError
    _ = urlsplit(url).port
    return Secret(url)


def _https_url(text: str) -> str:
    url = text.strip()
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        raise ValueError
    return url


def _origins(text: str) -> tuple[str, ...]:
    origins = _listed(text)
    if not all(map(_ORIGIN.fullmatch, origins)):
        raise ValueError
    return origins


def _networks(text: str) -> tuple[str, ...]:
    return tuple(str(ip_network(network)) for network in _listed(text))


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _switch(text: str) -> object:
    word = text.strip().lower()
    return msgspec.convert(BOOLEANS.get(word, word), bool | None, strict=False)


PostgresUrl = Annotated[Secret, Shape(_postgres_url, "postgresql://user:password@host:port/name")]
RedisUrl = Annotated[
    Secret, Shape(_redis_url, "redis://user:password@host:port/number, or rediss:// for TLS")
]
HttpsUrl = Annotated[str, Shape(_https_url, "an address that begins with https://")]
Origins = Annotated[
    tuple[str, ...],
    Shape(_origins, "origins such as https://tickets.example, separated by commas, or *"),
]
Networks = Annotated[
    tuple[str, ...],
    Shape(_networks, "addresses or networks such as 10.0.0.0/8, separated by commas"),
]
Switch = Annotated[bool, Shape(_switch, "on or off")]
