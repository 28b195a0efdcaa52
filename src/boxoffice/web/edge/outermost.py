"""The outermost layer: every answer passes this layer, also the answer to an unknown path."""

import random
import re
from time import perf_counter
from typing import Final, NamedTuple

from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.routes import HTTPRoute
from litestar.types import ASGIApp, HTTPResponseStartEvent, HTTPScope, Message, Receive, Scope, Send

from boxoffice.telemetry.requests import LogIds, begin_request, known_method, record_request
from boxoffice.telemetry.tracing import RequestSpan, request_span
from boxoffice.web.http.caller import added_headers, depends_on_caller
from boxoffice.web.http.drain import Drain
from boxoffice.web.http.head import RawHeaders, RequestHead, note_head, read_head
from boxoffice.web.http.streams import is_stream, note_head_only
from boxoffice.web.http.troubles import allow

_REQUEST_ID: Final = re.compile(rb"[\x21-\x7e]{1,128}")
_TRACEPARENT: Final = re.compile(
    rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
)


_VARIES: Final = b"Accept-Encoding, Origin"
_VARIES_BY_CALLER: Final = b"Accept-Encoding, Origin, Authorization, X-Api-Key"


class RequestIds(NamedTuple):
    """The names of a request: its id, which the caller may give, and its trace (W3C)."""

    request_id: bytes
    traceparent: bytes


class Outermost:
    """The layer that reads the head of each request, names the request, logs and counts it.

    It also adds the headers that the answer lacks.

    This layer wraps the application and not its routes: otherwise a request for an unknown path would not be
    logged and counted. HEAD is served as GET; the HTTP server leaves out the body.
    """

    def __init__(self, app: ASGIApp, headers: list[tuple[bytes, bytes]], drain: Drain) -> None:
        self._app = app
        self._drain = drain
        self._headers = headers
        self._names = frozenset(name for name, _ in headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        head = read_head(scope["headers"])
        note_head(scope, head)
        with request_span(head.traceparent, head.tracestate) as span:
            ids = _ids(head, None if span is None else span.traceparent)
            begin_request(LogIds(ids.request_id.decode(), ids.traceparent[3:35].decode()))
            await self._serve(scope, receive, send, ids, span)

    async def _serve(
        self, scope: HTTPScope, receive: Receive, send: Send, ids: RequestIds, span: RequestSpan | None
    ) -> None:
        status = 500  # this is recorded if no answer begins
        head_at = 0.0
        method = scope["method"]
        if method == "HEAD":
            scope = {**scope, "method": "GET"}
            note_head_only(scope)

        async def send_completed(message: Message) -> None:
            nonlocal status, head_at
            if message["type"] == "http.response.start":
                status, head_at = message["status"], perf_counter()
                message["headers"] = self._complete(message["headers"], ids, scope)
                if method == "OPTIONS":
                    _allow_every_method(message, scope)
            await send(message)

        started = perf_counter()
        try:
            await self._app(scope, receive, send_completed)
        finally:
            route = scope.get("path_template")
            over_at = head_at if is_stream(scope) else perf_counter()
            record_request(method, route, status, over_at - started)
            if span is not None:
                span.answered(known_method(method), route, status)

    def _complete(self, given: RawHeaders, ids: RequestIds, scope: HTTPScope) -> list[tuple[bytes, bytes]]:
        headers = list(given)
        brought = {name.lower() for name, _ in headers}
        varies = _VARIES_BY_CALLER if depends_on_caller(scope) else _VARIES
        if b"vary" in brought:
            varies = _and_what_it_says(varies, headers)
            headers = [header for header in headers if header[0].lower() != b"vary"]
        if self._names.isdisjoint(brought):
            headers += self._headers
        else:
            headers += [header for header in self._headers if header[0] not in brought]
        headers += added_headers(scope)
        headers.append((b"vary", varies))
        if self._drain.begun:
            headers.append((b"connection", b"close"))
        headers += ((b"x-request-id", ids.request_id), (b"traceparent", ids.traceparent))
        return headers


def _and_what_it_says(varies: bytes, headers: RawHeaders) -> bytes:
    """The fields by which every answer varies, and those that this answer itself names beside them."""
    known = varies.lower().split(b", ")
    said = [
        field.strip() for name, value in headers if name.lower() == b"vary" for field in value.split(b",")
    ]
    return b", ".join([varies, *(field for field in dict.fromkeys(said) if field.lower() not in known)])


def _allow_every_method(message: HTTPResponseStartEvent, scope: HTTPScope) -> None:
    """Completes the answer to OPTIONS: Litestar's answer names only the method that was registered first."""
    for route in scope["litestar_app"].routes:
        if isinstance(route, HTTPRoute) and route.path_format == scope.get("path_template"):
            MutableScopeHeaders(message)["Allow"] = allow(route.methods)


def _ids(head: RequestHead, ours: bytes | None) -> RequestIds:
    """The request's ids. ``ours``: the traceparent of the request's span, if the request is traced."""
    request_id, traceparent = head.x_request_id, ours or head.traceparent
    if request_id is None or not _REQUEST_ID.fullmatch(request_id):
        request_id = b"%032x" % _bits(128)
    if traceparent is None or not _TRACEPARENT.fullmatch(traceparent):
        traceparent = b"00-%032x-%016x-01" % (_bits(128), _bits(64))
    return RequestIds(request_id, traceparent)


def _bits(count: int) -> int:
    """A random number; never 0, which W3C forbids for a trace. The number is a name, and no secret."""
    return random.getrandbits(count) or 1
