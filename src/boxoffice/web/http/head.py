"""The head of a request: each header field that a part of the program reads, read once and by one rule.

If two layers read a header that comes twice, one the first and one the last value, they decide about two
different requests: one books under a key that the other never saw. So ``Outermost`` reads the head, and no
other layer looks at the raw headers again. Even the framework gets headers that are made of the head.
"""

from collections.abc import Iterable
from typing import Any, Final

from litestar.types import Scope
from msgspec import Struct

from boxoffice.web.http.codings import accepts_gzip
from boxoffice.web.http.invalid import invalid_field

RawHeaders = Iterable[tuple[bytes, bytes]]

_HEAD: Final = "head"
_SPACE: Final = b" \t"  # RFC 9110 5.5: spaces and tabs around a value are no part of it


class RequestHead(Struct, frozen=True, gc=False):
    """The header fields of a request; None: the request does not have the field.

    ``doubled``: the name of a field that comes twice and may have one value only; such a request is refused.
    ``proxied``: values of headers by which a proxy shows itself, and of which nothing else is read.
    """

    authorization: bytes | None = None
    x_api_key: bytes | None = None
    host: bytes | None = None
    origin: bytes | None = None
    idempotency_key: bytes | None = None
    content_type: bytes | None = None
    content_length: bytes | None = None
    access_control_request_method: bytes | None = None

    x_request_id: bytes | None = None
    traceparent: bytes | None = None

    transfer_encoding: bytes | None = None
    accept_encoding: bytes | None = None
    content_encoding: bytes | None = None
    if_match: bytes | None = None
    if_none_match: bytes | None = None
    prefer: bytes | None = None
    forwarded: bytes | None = None
    x_forwarded_for: bytes | None = None
    accept: bytes | None = None
    connection: bytes | None = None
    access_control_request_headers: bytes | None = None
    tracestate: bytes | None = None
    last_event_id: bytes | None = None
    proxied: bytes | None = None

    doubled: str | None = None

    @property
    def accepts_gzip(self) -> bool:
        """Whether the client wants an answer compressed."""
        return accepts_gzip(self.accept_encoding)

    @property
    def has_body(self) -> bool:
        """Whether a body may come, though perhaps an empty one."""
        return self.content_length not in (None, b"0") or self.transfer_encoding is not None

    def check(self) -> None:
        """Raises ``InvalidInput`` if a field comes twice that may come once only."""
        if self.doubled is not None:
            raise invalid_field(self.doubled, "this header once", "The header comes twice", "header")

    def for_framework(self) -> list[tuple[bytes, bytes]]:
        """The headers that the framework gets: each field once, and of the codings the one it shall use."""
        headers = [(raw, value) for raw, name in _OF_FRAMEWORK if (value := getattr(self, name)) is not None]
        if self.accepts_gzip:
            headers.append((b"accept-encoding", b"gzip"))
        return headers


_PROXIED: Final = (
    "via",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "x-original-forwarded-for",
    "x-original-host",
    "x-forwarded",
    *(f"x-forwarded-{what}" for what in ("by", "host", "port", "prefix", "proto", "scheme", "server", "ssl")),
)
_NAMES: Final = {
    field.replace("_", "-").encode(): field
    for field in RequestHead.__struct_fields__
    if field not in ("proxied", "doubled")
} | {name.encode(): "proxied" for name in _PROXIED}
_OF_FRAMEWORK: Final = [
    (raw, name) for raw, name in _NAMES.items() if name not in ("proxied", "accept_encoding")
]

# Several lines of these fields are one list (RFC 9110 5.3).
_LISTS: Final = frozenset(
    {
        "transfer_encoding",
        "accept_encoding",
        "content_encoding",
        "if_match",
        "if_none_match",
        "prefer",
        "forwarded",
        "x_forwarded_for",
        "accept",
        "connection",
        "access_control_request_headers",
        "tracestate",
        "proxied",
    }
)

# These only name the request, and a proxy may add its own. Twice they name nothing (W3C Trace Context 4.3).
_LABELS: Final = frozenset({"x_request_id", "traceparent"})


def read_head(headers: RawHeaders) -> RequestHead:
    """The head of a request with these headers, whose names are in lower case."""
    found: dict[str, Any] = {}
    repeated: list[tuple[str, bytes]] = []
    for raw, value in headers:
        name = _NAMES.get(raw)
        if name is None:
            continue
        if name in found:
            repeated.append((name, value.strip(_SPACE)))
        else:
            found[name] = value.strip(_SPACE)
    return _combined(found, repeated) if repeated else RequestHead(**found)


def _combined(found: dict[str, Any], repeated: list[tuple[str, bytes]]) -> RequestHead:
    doubled = None
    for name in {name for name, _ in repeated}:
        if name in _LISTS:
            found[name] = b", ".join([found[name], *(value for again, value in repeated if again == name)])
        elif name in _LABELS:
            del found[name]
        else:
            doubled = name.replace("_", "-").title()
    return RequestHead(**found, doubled=doubled)


def note_head(scope: Scope, head: RequestHead) -> None:
    """Notes the head in the request."""
    scope.setdefault("state", {})[_HEAD] = head


def head_of(scope: Scope) -> RequestHead:
    """The head that ``Outermost`` has read. A request that did not pass it raises ``KeyError``."""
    head: RequestHead = scope["state"][_HEAD]
    return head
