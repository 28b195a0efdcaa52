"""The rules of a request's head (RFC 9112) that the parser leaves to us; a head is read once, and here."""

import re
from typing import Any, Final, NamedTuple

import httptools

from boxoffice.vocabulary import limits
from boxoffice.web.http.unreadable import Unreadable

Header = tuple[bytes, bytes]

_HOST: Final = re.compile(rb"(?:\[[0-9A-Fa-f:.]{2,45}\]|[\w.~!$&'()*+,;=%-]{0,255})(?::[0-9]{0,5})?")
_SPACE: Final = b" \t"
_NO_PATH: Final = "The target is no path of this server."
_VERSIONS: Final = frozenset({"1.0", "1.1"})
_SCHEMES: Final = frozenset({b"http", b"https"})
_SINGLE: Final = frozenset({b"host", b"transfer-encoding", b"expect"})


class Target(NamedTuple):
    """What a request is about; ``host`` only if the target names one, as in a request to a proxy."""

    path: bytes
    query: bytes
    host: bytes | None = None


def bad(detail: str) -> Unreadable:
    """The error for a request that breaks a rule of HTTP."""
    return Unreadable("invalid_request", detail)


def check_headers(headers: list[Header], fields: dict[bytes, bytes], version: str) -> None:
    """Checks what HTTP says of a head: its version, host and coding. Raises ``Unreadable``.

    ``fields``: the headers by name, of each the last line.
    """
    if version not in _VERSIONS:
        raise bad("This server speaks HTTP/1.1.")
    if len(fields) != len(headers):
        _check_single(headers)
    host = fields.get(b"host")
    if host is None and version == "1.1":
        raise bad("A request needs a Host header.")
    if host is not None and not _HOST.fullmatch(host.rstrip(_SPACE)):
        raise bad("The Host header names no host.")
    if b"transfer-encoding" in fields:
        _check_coding(fields[b"transfer-encoding"].rstrip(_SPACE), version)


def asks_to_go_on(fields: dict[bytes, bytes], version: str) -> bool:
    """Whether the client waits for a 100 before it sends the body."""
    return version == "1.1" and fields[b"expect"].rstrip(_SPACE).lower() == b"100-continue"


def refuse_tunnel(method: bytes) -> None:
    """Refuses CONNECT. Raises ``Unreadable``."""
    if method == b"CONNECT":
        raise bad("This server is no proxy.")


def check_query(query: bytes) -> None:
    """Refuses a query of too many parameters. Raises ``Unreadable``."""
    if query.count(b"&") >= limits.QUERY_PARAMETERS_MAX:
        raise bad(f"A query has at most {limits.QUERY_PARAMETERS_MAX} parameters.")


def odd_target(url: bytes, method: bytes) -> Target:
    """The parts of a target that is no path. Raises ``Unreadable``."""
    if url == b"*" and method == b"OPTIONS":
        return Target(b"/", b"")
    try:
        parsed: Any = httptools.parse_url(url)
    except httptools.HttpParserInvalidURLError:
        raise bad(_NO_PATH) from None
    if parsed.schema not in _SCHEMES or not parsed.host or parsed.fragment is not None:
        raise bad(_NO_PATH)
    host = url.split(b"/", 3)[2].partition(b"?")[0]
    if not _HOST.fullmatch(host):
        raise bad(_NO_PATH)
    return Target(parsed.path or b"/", parsed.query or b"", host)


def _check_single(headers: list[Header]) -> None:
    """Refuses a second line of what a request has once: proxies may have read the other line."""
    names = [name for name, _ in headers if name in _SINGLE]
    if len(set(names)) != len(names):
        raise bad("A header that a request has once came twice.")


def _check_coding(coding: bytes, version: str) -> None:
    """Refuses codings that we do not decode, and chunks in HTTP/1.0, which does not have them."""
    if version != "1.1" or coding.lower() != b"chunked":
        raise bad("Bodies are taken as they are or in chunks, in no other transfer coding.")
