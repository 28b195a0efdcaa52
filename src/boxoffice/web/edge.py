"""The outermost layer: what every answer gets, matched to a route or not."""

import re
import secrets
from collections.abc import Iterable
from time import perf_counter
from typing import Final, NamedTuple

from litestar.datastructures import Headers
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from boxoffice.telemetry import record_request

_REQUEST_ID: Final = re.compile(r"[\x21-\x7e]{1,128}")
_TRACEPARENT: Final = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
)


class Marks(NamedTuple):
    """What tells one request from another: ours and the caller's id for it, and its trace (W3C)."""

    request_id: str
    traceparent: str

    @property
    def trace_id(self) -> str:
        """The trace that the request belongs to."""
        return self.traceparent.split("-")[1]


class Edge:
    """Names each request, logs and counts it, adds the headers that an answer does not bring.

    It wraps the application, and not its routes, so that an unknown path is treated no worse. HEAD
    is answered as GET without the body.
    """

    def __init__(self, app: ASGIApp, headers: list[tuple[bytes, bytes]]) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        marks = _marks(Headers.from_scope(scope))
        with bound_contextvars(request_id=marks.request_id, trace_id=marks.trace_id):
            await self._serve(scope, receive, send, marks)

    async def _serve(self, scope: HTTPScope, receive: Receive, send: Send, marks: Marks) -> None:
        status = 500  # unless an answer begins
        method = scope["method"]
        if method == "HEAD":
            scope = {**scope, "method": "GET"}

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = self._complete(message["headers"], marks)
            elif message["type"] == "http.response.body" and method == "HEAD":
                message["body"] = b""
            await send(message)

        started = perf_counter()
        try:
            await self._app(scope, receive, send_marked)
        finally:
            record_request(method, scope.get("path_template"), status, perf_counter() - started)

    def _complete(self, given: Iterable[tuple[bytes, bytes]], marks: Marks) -> list[tuple[bytes, bytes]]:
        headers = list(given)
        names = {name.lower() for name, _ in headers}
        headers += [header for header in self._headers if header[0] not in names]
        headers.append((b"x-request-id", marks.request_id.encode()))
        headers.append((b"traceparent", marks.traceparent.encode()))
        return headers


def _marks(headers: Headers) -> Marks:
    request_id = headers.get("x-request-id", "")
    traceparent = headers.get("traceparent", "")
    return Marks(
        request_id if _REQUEST_ID.fullmatch(request_id) else secrets.token_hex(16),
        traceparent if _TRACEPARENT.fullmatch(traceparent) else _new_traceparent(),
    )


def _new_traceparent() -> str:
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
