"""The rules of a request's head (RFC 9112) that the parser leaves to us; a head is read once, and here."""

import re
from typing import Any, Final, NamedTuple

import httptools

from boxoffice.vocabulary import limits
from boxoffice.web.http.unreadable import Unreadable

Header = tuple[bytes, bytes]

_HOST: Final = re.compile(rb"(?:\[[0-9A-Fa-f:.]{2,45}\]|[\w.~!$&'()*+,;=%-]{0,255})(?::[0-9]{0,5})?")
_SCHEMES: Final = frozenset({b"http", b"https"})
_SINGLE: Final = frozenset({b"host", b"transfer-encoding", b"expect"})


class Target(NamedTuple):
    """What a request is about; ``host`` only if the target names one, as requests to a proxy do."""

    path: bytes
    query: bytes
    host: bytes | None = None


def bad(detail: str) -> Unreadable:
    """The error for a request that breaks a rule of HTTP."""
    return Unreadable("invalid_request", detail)


def check_headers(headers: list[Header], version: str) -> dict[bytes, bytes]:
    """The headers by name, in lower case, of these few lines. Raises ``Unreadable``."""
    fields = dict(headers)
    if len(fields) != len(headers):
        _check_single(headers)
    host = fields.get(b"host")
    if host is None:
        if version == "1.1":
            raise bad("A request needs a Host header.")
    elif not _HOST.fullmatch(host):
        raise bad("The Host header names no host.")
    if b"transfer-encoding" in fields:
        _check_coding(fields[b"transfer-encoding"], version)
    return fields


def target_of(url: bytes, method: bytes) -> Target:
    """The parts of the request's target. Raises ``Unreadable``."""
    target = _origin(url) if url[:1] == b"/" else _other(url, method)
    if target.query.count(b"&") >= limits.QUERY_PARAMETERS_MAX:
        raise bad(f"A query has at most {limits.QUERY_PARAMETERS_MAX} parameters.")
    return target


def _check_single(headers: list[Header]) -> None:
    """Refuses a second line of what a request has once: proxies may have read the other line."""
    names = [name for name, _ in headers if name in _SINGLE]
    if len(set(names)) != len(names):
        raise bad("A header that a request has once came twice.")


def _check_coding(coding: bytes, version: str) -> None:
    """Refuses codings that we do not decode, and chunks in HTTP/1.0, which does not have them."""
    if version != "1.1" or coding.lower() != b"chunked":
        raise bad("Bodies are taken as they are or in chunks, in no other transfer coding.")


def _origin(url: bytes) -> Target:
    path, _, query = url.partition(b"?")
    if b"#" in url:
        raise bad("A target has no fragment.")
    return Target(path, query)


def _other(url: bytes, method: bytes) -> Target:
    if url == b"*" and method == b"OPTIONS":
        return Target(b"/", b"")
    try:
        parsed: Any = httptools.parse_url(url)
    except httptools.HttpParserInvalidURLError:
        raise bad("The target is no path of this server.") from None
    host = b"" if parsed.host is None else url.split(b"/", 3)[2]
    if parsed.schema not in _SCHEMES or not host or not _HOST.fullmatch(host) or parsed.fragment is not None:
        raise bad("The target is no path of this server.")
    return Target(parsed.path or b"/", parsed.query or b"", host)
