"""Bent requests: strategies for every part of a request that we or our libraries parse.

The requests are raw, as a server hands them to an application or as they go over the wire: a client library
would mend or refuse them. They are about show 1 and user 1, and about what earlier requests made.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, Final
from urllib.parse import quote_from_bytes

from hypothesis import strategies as st
from msgspec import Struct

Headers = list[tuple[bytes, bytes]]


class Request(Struct, frozen=True, kw_only=True):
    """A request; ``target`` is the path with its query, as on the wire."""

    method: str
    target: str
    headers: Headers = []
    body: bytes = b""


FIRST_BOOKING: Final = (1 << 24) + 1
_START: Final = "2030-12-15T18:30:00Z"
_WITH_BODIES: Final[list[tuple[str, str, dict[str, Any]]]] = [
    ("POST", "/api/bookings", {"user_id": 1, "show_id": 1, "seats_booked": 1}),
    ("POST", "/api/bookings", {"user_id": "1", "show_id": "1", "seat_numbers": [7, 8], "seats_booked": 2}),
    ("POST", "/api/bookings",
     {"user_id": 1, "show_id": 1, "seats_booked": 1, "status": "PENDING", "hold_seconds": 60}),
    ("POST", "/api/shows", {"name": "Movie", "start_time": _START, "total_seats": 9, "show_type": "movie"}),
    ("PUT", "/api/shows/1", {"name": "Movie", "start_time": _START, "total_seats": 5000, "show_type": "bus"}),
    ("POST", "/api/users", {"name": "John", "email": "john@example.com"}),
    ("PUT", "/api/users/1", {"name": "John", "email": "jack@example.com"}),
    ("POST", "/api/admin/shows/1/seats/block", {"seat_numbers": [3, 4], "reason": "Camera"}),
    ("POST", "/api/admin/shows/1/seats/unblock", {"seat_numbers": [3, 4], "reason": "No camera"}),
    ("POST", f"/api/admin/bookings/{FIRST_BOOKING}/cancel", {"reason": "The row is wet"}),
    ("POST", f"/api/bookings/{FIRST_BOOKING}/fail", {"reason": "Payment was declined"}),
]  # fmt: skip
_WITHOUT_BODIES: Final = [
    ("POST", f"/api/bookings/{FIRST_BOOKING}/confirm"),
    ("DELETE", f"/api/bookings/{FIRST_BOOKING}"),
    ("POST", "/api/bookings/expire-old"),
    ("GET", "/api/shows"),
    ("GET", "/api/shows/1"),
    ("GET", "/api/shows/1/available-seats"),
    ("GET", "/api/shows/1/stats"),
    ("GET", "/api/shows/1/changes"),
    ("GET", "/api/shows/type/movie"),
    ("GET", "/api/users"),
    ("GET", "/api/users/1"),
    ("GET", f"/api/bookings/{FIRST_BOOKING}"),
    ("GET", "/api/bookings/user/1"),
    ("GET", "/api/bookings/show/1"),
    ("GET", "/api/admin/shows/1/seats"),
    ("GET", "/"),
    ("GET", "/api-docs"),
    ("GET", "/health"),
    ("HEAD", "/api/shows/1"),
    ("OPTIONS", "/api/shows/1"),
]
_LISTS: Final = [
    "/api/shows",
    "/api/shows/type/movie",
    "/api/users",
    "/api/bookings/user/1",
    "/api/bookings/show/1",
    "/api/admin/shows/1/seats",
]
_PIECES: Final = [b"", b"\0", b"\xff", b'"', b"{", b"9" * 400, b"9" * 5000, b"\\ud800", b"NaN", b"-",
                  b"1e999", b"[" * 30_000, b"%"]  # fmt: skip
_NUMBERS: Final = [0, -1, 1, 2**31, 2**53 - 1, 2**53, 2**63 - 1, 2**63, 2**64, 10**40]

texts = st.text(max_size=30) | st.sampled_from(
    [
        "",
        " ",
        "\0",
        "a\0b",
        "\ud800",
        "\u202e",
        "\n",
        "é" * 255,
        "x" * 256,
        "٣",
        "\U0001d7d9",
        "1e3",
        "NaN",
        _START,
    ]
)
numbers = (
    st.integers() | st.sampled_from(_NUMBERS) | st.floats() | st.sampled_from([1e308, 5e-324, 0.1, 119.9999])
)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)


@st.composite
def bent_objects(draw: st.DrawFn, good: dict[str, Any]) -> bytes:
    """A good object whose fields are changed, missing, unknown or there twice."""
    fields = list(good.items())
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(0, len(fields) - 1))
        name, value = fields[place]
        match draw(st.sampled_from(["change", "drop", "add", "twice"])):
            case "change":
                fields[place] = (name, draw(values))
            case "drop" if len(fields) > 1:
                del fields[place]
            case "add":
                fields.append((draw(texts | st.sampled_from(["status", "id", "__proto__"])), draw(values)))
            case _:
                fields.append((name, draw(st.just(value) | values)))
    return _object(fields, plain=draw(st.booleans()))


@st.composite
def cut_and_pasted(draw: st.DrawFn, good: bytes) -> bytes:
    """Good bytes with a piece replaced by other bytes."""
    start = draw(st.integers(0, len(good)))
    end = draw(st.integers(start, min(len(good), start + 5)))
    return good[:start] + draw(st.binary(max_size=4) | st.sampled_from(_PIECES)) + good[end:]


@st.composite
def bodies(draw: st.DrawFn) -> Request:
    """Bodies: bent, cut, any JSON, any bytes."""
    method, path, good = draw(st.sampled_from(_WITH_BODIES))
    body = draw(
        bent_objects(good)
        | cut_and_pasted(_object(list(good.items()), plain=True))
        | values.map(lambda value: _json(value, plain=True))
        | st.binary(max_size=60)
    )
    return Request(method=method, target=path, body=body)


_wire_bytes = st.binary(max_size=40).map(
    lambda value: bytes(b for b in value if b >= 0x20 and b != 0x7F).strip()
)
_HEADERS: Final[dict[bytes, list[bytes]]] = {
    b"idempotency-key": [b"order-1", b"x" * 255, b"x" * 256, b"a b", b"\xc3\xa4", b""],
    b"if-match": [b'"1"', b'W/"1"', b"*", b'"999999999999999"', b'"1", "2"', b'"\xd9\xa3"', b'"1'],
    b"if-none-match": [b'"1"', b"*", b'W/"1", "2"', b'"' * 5000, b"*" * 5000],
    b"traceparent": [b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", b"00-0-0-0"],
    b"content-type": [b"application/json", b"multipart/form-data; boundary=x", b"text/plain; charset=x",
                      b"multipart/form-data", b"application/x-www-form-urlencoded", b";;="],
    b"content-encoding": [b"gzip", b"br"],
    b"accept": [b"*/*", b"text/html", b"application/json;q=x", b";q=1", b"a/b;q=0.5, */*;q=", b","],
    b"accept-encoding": [b"gzip", b"gzip;q=0", b"br", b"*"],
    b"origin": [b"http://localhost:5173", b"null", b"http://\xff", b"http://localhost:99999999"],
    b"access-control-request-method": [b"PUT", b"\xff", b""],
    b"access-control-request-headers": [b"if-match", b"\xff", b","],
    b"x-request-id": [b"order-4711", b"x" * 129, b"\xff"],
    b"cookie": [b"a=b", b"=;=;", b"\xff=\xff", b'a="\\777"'],
    b"range": [b"bytes=0-1", b"bytes=-"],
    b"host": [b"", b"[::1", b"\xff", b"a:b:c"],
    b"accept-language": [b"en", b"\xff"],
    b"x-forwarded-for": [b"127.0.0.1", b"\xff"],
}  # fmt: skip


@st.composite
def headers(draw: st.DrawFn) -> Request:
    """Headers: true ones, bent ones, any bytes; also a header twice."""
    given: Headers = []
    for name in draw(st.lists(st.sampled_from(list(_HEADERS)), min_size=1, max_size=3)):
        known = draw(st.sampled_from(_HEADERS[name]))
        given.append((name, draw(st.just(known) | cut_and_pasted(known).map(_on_one_line) | _wire_bytes)))
    if draw(st.booleans()):
        method, path = draw(st.sampled_from(_WITHOUT_BODIES))
        return Request(method=method, target=path, headers=given)
    method, path, good = draw(st.sampled_from(_WITH_BODIES))
    return Request(method=method, target=path, headers=given, body=_object(list(good.items()), plain=True))


_PARAMETERS: Final = ["limit", "cursor", "after", "format", "consistent", "status", "state", "type", "from",
                      "to", "text", "only_free", "unknown", "data", "request", ""]  # fmt: skip
_query_values = st.one_of(
    texts.map(lambda text: quote_from_bytes(text.encode("utf-8", "surrogatepass"))),
    st.binary(max_size=20).map(quote_from_bytes),
    numbers.map(str),
    st.sampled_from(["true", "list", "ranges", "PENDING", "free", "movie", "%", "%zz", "%00", "[]"]),
    st.sampled_from(["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2030-01-01T00:00:00%2B24:00", "%2B1"]),
)
_queries = st.lists(
    st.tuples(st.sampled_from(_PARAMETERS), _query_values).map("=".join)
    | st.sampled_from(["limit", "&", "=", ";", "limit=1"]),
    max_size=4,
).map("&".join)


@st.composite
def queries(draw: st.DrawFn) -> Request:
    """Query parameters: known and unknown ones with any value."""
    method, path = draw(st.sampled_from(_WITHOUT_BODIES))
    return Request(method=method, target=f"{path}?{draw(_queries)}")


_ids = st.one_of(
    st.sampled_from(_NUMBERS).map(str),
    st.integers().map(str),
    texts.map(lambda text: quote_from_bytes(text.encode("utf-8", "surrogatepass"), safe="")),
    st.binary(max_size=10).map(quote_from_bytes),
    st.sampled_from(
        [
            "9" * 4400,
            "+1",
            "1.0",
            "01",
            "1%0a",
            "%201",
            "1_0",
            "0x1",
            "%d9%a3",
            "..",
            "%2e%2e",
            "1/",
            "//",
            "%2f",
        ]
    ),
)


@st.composite
def paths(draw: st.DrawFn) -> Request:
    """Ids in paths: huge, negative, of other digits, encoded, or no ids at all."""
    operations: list[tuple[str, str, dict[str, Any]]] = [
        (method, path, {}) for method, path in _WITHOUT_BODIES
    ] + _WITH_BODIES
    method, path, good = draw(st.sampled_from(operations))
    wanted = draw(_ids)
    parts = [wanted if part.isdigit() or part == "movie" else part for part in path.split("/")]
    body = _object(list(good.items()), plain=True) if good else b""
    return Request(method=method, target="/".join(parts) or "/", body=body)


@st.composite
def cursors(draw: st.DrawFn, true_ones: list[str]) -> Request:
    """Cursors: true cursors that are bent, and cursors for places that no list has."""
    moments = st.datetimes().map(lambda moment: f"{moment.isoformat()}Z") | texts
    places = st.tuples(moments, numbers).map(list) | numbers | values
    good = draw(st.sampled_from(true_ones))
    cursor = draw(
        cut_and_pasted(good.encode()).map(quote_from_bytes)
        | cut_and_pasted(urlsafe_b64decode(good + "===")).map(_cursor)
        | places.map(lambda place: _cursor(_json(place, plain=True)))
    )
    limit = draw(st.sampled_from(["", "&limit=1", "&limit=2&consistent=true"]))
    return Request(method="GET", target=f"{draw(st.sampled_from(_LISTS))}?cursor={cursor}{limit}")


def _cursor(place: bytes) -> str:
    return urlsafe_b64encode(place).decode().rstrip("=")


def _on_one_line(value: bytes) -> bytes:
    return bytes(b for b in value if b >= 0x20 and b != 0x7F).strip()[:5000]


def _object(fields: list[tuple[str, Any]], *, plain: bool) -> bytes:
    pairs = (_json(name, plain=plain) + b":" + _json(value, plain=plain) for name, value in fields)
    return b"{" + b",".join(pairs) + b"}"


def _json(value: Any, *, plain: bool) -> bytes:
    """JSON as Python writes it: with NaN, with lone surrogates, and with numbers of any size."""
    return json.dumps(value, ensure_ascii=plain).encode("utf-8", "surrogatepass")
