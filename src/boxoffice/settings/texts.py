"""How a setting is read from its text, and what is said of one that cannot be read."""

import os
import re
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from msgspec import inspect as shape

_BOOLEANS: Final = {"yes": "true", "no": "false", "on": "true", "off": "false"}
_POSTGRES_SCHEMES: Final = ("postgres://", "postgresql://")
_REDIS_SCHEMES: Final = ("redis://", "rediss://")
_ORIGIN: Final = re.compile(r"\*|https?://[^\s/?#*]+(:\*)?")
_HIDDEN: Final = ("DATABASE_URL", "DB_PASSWORD", "REPLICA_URL", "RATE_LIMIT_REDIS_URL")


class SettingsError(Exception):
    """A setting is wrong. The message is one line: which one, what it has, what is expected."""


class Secret:
    """A text that no message, log or ``repr`` shows; ``reveal`` gives it to whom it is meant for."""

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


def value_of(field: shape.Field, hint: Any, text: str) -> object:
    """The value of a setting of the type ``hint``. Raises ``SettingsError``."""
    kind = _kind(field)
    try:
        value = _value(field, kind, hint, text)
    except ValueError:  # msgspec's errors are ValueErrors too
        shown = "set" if field.encode_name in _HIDDEN else repr(text)
        # Without its cause: that one may quote a secret.
        raise SettingsError(
            f"{field.encode_name} is {shown}; expected {_expected(field.name, kind)}"
        ) from None
    return value


def _value(field: shape.Field, kind: shape.Type, hint: Any, text: str) -> object:
    match kind:
        case shape.StrType():
            return _checked(field.name, text.strip())
        case shape.CustomType(cls=cls) if cls is Path:
            return folder(text.strip())
        case shape.CustomType():
            return Secret(_checked(field.name, text.strip()) if field.name.endswith("_url") else text)
        case shape.VarTupleType():
            return tuple(_checked(field.name, part.strip()) for part in text.split(",") if part.strip())
        case shape.LiteralType(values=values):
            by_word = {str(value).lower(): value for value in values}
            return msgspec.convert(by_word.get(text.strip().lower(), text), hint)
        case _:
            word = text.strip().lower()
            return msgspec.convert(_BOOLEANS.get(word, word), hint, strict=False)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def folder(text: str) -> Path:
    """The folder, from the root on."""
    return Path(os.path.expanduser(text)).absolute()  # noqa: PTH111 - Path.expanduser fails without a home


def _postgres_url(text: str) -> str:
    if not text.startswith(_POSTGRES_SCHEMES):
        raise ValueError
    hosts = urlsplit(text).netloc.rpartition("@")[2]
    # An unescaped `/` or `#` in the password ends up here as a port that is no number: a ValueError now,
    # and not an error of the driver that quotes it.
    _ = [urlsplit(f"//{host}").port for host in hosts.split(",")]
    return text


def _origin(text: str) -> str:
    if not _ORIGIN.fullmatch(text):
        raise ValueError
    return text


def _secure_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        raise ValueError
    return text


def _redis_url(text: str) -> str:
    if not text.startswith(_REDIS_SCHEMES):
        raise ValueError
    _ = urlsplit(text).port
    return text


def _network(text: str) -> str:
    return str(ip_network(text))


def _expected(name: str, kind: shape.Type) -> str:
    match kind:
        case shape.IntType(ge=low, le=high):
            return f"a whole number from {low} to {high}"
        case shape.FloatType(gt=None, ge=low, le=high):
            return f"a number from {low:g} to {high:g}"
        case shape.FloatType(gt=low, le=high):
            return f"a number above {low:g} and up to {high:g}"
        case shape.LiteralType(values=values):
            return " or ".join(map(str, values))
        case shape.BoolType():
            return "on or off" if name == "auth" else "true or false"
        case _:
            return _SHAPES[name]


def _checked(name: str, text: str) -> str:
    """The text, if it has the form that this setting asks for. Raises ``ValueError``."""
    check = _CHECKS.get(name)
    return text if check is None else check(text)


def _kind(field: shape.Field) -> shape.Type:
    """The type without its documentation and without its None."""
    kind = field.type.type if isinstance(field.type, shape.Metadata) else field.type
    return kind.types[0] if isinstance(kind, shape.UnionType) else kind


_CHECKS: Final[dict[str, Callable[[str], str]]] = {
    "database_url": _postgres_url,
    "replica_url": _postgres_url,
    "cors_origins": _origin,
    "jwt_issuer": _secure_url,
    "jwt_jwks_url": _secure_url,
    "rate_limit_redis_url": _redis_url,
    "trusted_proxies": _network,
}
_SHAPES: Final = {
    "database_url": "postgresql://user:password@host:port/name",
    "replica_url": "postgresql://user:password@host:port/name",
    "cors_origins": "origins such as https://tickets.example, separated by commas, or *",
    "jwt_issuer": "an address that begins with https://",
    "jwt_jwks_url": "an address that begins with https://",
    "rate_limit_redis_url": "redis://user:password@host:port/number, or rediss:// for TLS",
    "trusted_proxies": "addresses or networks such as 10.0.0.0/8, separated by commas",
}
