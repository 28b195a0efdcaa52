"""The live seats inside ``serve``: a layer before the framework, which would cost each stream 15 KB more.

What a stream sends is driven to its end at once. A connection whose buffer is full lets its sender wait, so
a sending that does not end at once means that the client reads too slowly; nothing was written then.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Final, cast

import structlog
from litestar.config.cors import CORSConfig
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from boxoffice.live import frames
from boxoffice.live.house import House
from boxoffice.live.request import MANY_TEMPLATE, ONE_TEMPLATE, LiveRequest, read_request
from boxoffice.live.service import house_of
from boxoffice.live.watchers import ManyWatcher, PollWatcher, StreamWatcher, Watcher
from boxoffice.vocabulary.faults import Fault
from boxoffice.web.http.head import head_of
from boxoffice.web.http.raw_answers import RawAnswer, raw_headers, send_raw
from boxoffice.web.http.services import Services
from boxoffice.web.http.streams import Carrier, begin_stream, is_head_only
from boxoffice.web.http.troubles import of_refused, recorded

STREAM_HEADERS: Final = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
}
"""The headers of a stream. The last one keeps nginx from collecting events until a buffer is full."""

POLL_HEADERS: Final = {"Content-Type": "application/json", "Cache-Control": "public, max-age=1"}
"""The headers of an answer to who waits: a cache gives one answer to all who ask within a second."""

_log: Final = structlog.get_logger(__name__)


class AsgiLine:
    """A stream over ASGI. ``carrier``: the connection; None: the server does not tell."""

    __slots__ = ("_over", "_send", "carrier")

    def __init__(self, send: Send) -> None:
        self._send = send
        self._over = False
        self.carrier: Carrier | None = None

    def send(self, data: bytes) -> bool:
        """Writes; False: the client does not read as fast as we write."""
        return self._over or self._drive(data, more=True)

    def end(self, data: bytes) -> None:
        """Writes the last bytes and ends the answer; a client that does not read is cut off."""
        if not self._over:
            self._over = True
            if not self._drive(data, more=False):
                self.abort()

    def abort(self) -> None:
        """Ends the connection."""
        self._over = True
        if self.carrier is not None:
            self.carrier.abort()

    def _drive(self, data: bytes, *, more: bool) -> bool:
        message: Any = {"type": "http.response.body", "body": data, "more_body": more}
        sending = cast(Coroutine[Any, Any, None], self._send(message))
        try:
            sending.send(None)
        except StopIteration:
            return True
        sending.close()
        return False


class LiveDoor:
    """The layer that answers requests for live seats, and passes all others on."""

    def __init__(self, app: ASGIApp, services: Services, cors: CORSConfig | None) -> None:
        self._app = app
        self._services = services
        self._cors = cors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request. One that must be refused goes to the framework, which words what is wrong."""
        request = None
        if scope["type"] == ScopeType.HTTP and scope["method"] == "GET":
            head = head_of(scope)
            if not head.has_body and head.if_match is None:
                path = scope["path"].removesuffix("/")
                request = read_request(path, scope["query_string"], head.last_event_id)
        if request is None:
            await self._app(scope, receive, send)
        else:
            scope["path_template"] = MANY_TEMPLATE if request.many else ONE_TEMPLATE
            await serve_live(
                self._services, request, cast(HTTPScope, scope), receive, send, self._pages(scope)
            )

    def _pages(self, scope: Scope) -> list[tuple[bytes, bytes]]:
        """The headers without which a browser hides the answer from the page that asked."""
        cors, origin = self._cors, head_of(scope).origin
        if cors is None or origin is None or not cors.is_origin_allowed(page := origin.decode("latin-1")):
            return []
        return raw_headers({"Access-Control-Allow-Origin": page} | cors.simple_headers)


async def serve_live(
    services: Services,
    request: LiveRequest,
    scope: HTTPScope,
    receive: Receive,
    send: Send,
    further: list[tuple[bytes, bytes]],
) -> None:
    """Answers a request for live seats. ``further``: headers of the answer beside its own."""
    house, problems = house_of(services), services.problems
    try:
        house.admit()
    except Fault as fault:
        await _send_problem(problems.raw(recorded(fault)), send, further)
        return
    visit = _Visit(house, request, scope, further)
    try:
        refused = await house.refusal(request.asked)
        if refused is not None:
            await _send_problem(problems.raw(of_refused(refused)), send, further)
        elif request.wait_s is None:
            await visit.stream(receive, send)
        else:
            await visit.wait(request.wait_s, send)
    except Fault as fault:  # before the answer has begun
        await _send_problem(problems.raw(recorded(fault)), send, further)
    finally:
        house.leave(visit.watcher)


class _Visit:
    """One request that was let in. ``watcher``: who watches by now."""

    def __init__(
        self, house: House, request: LiveRequest, scope: HTTPScope, further: list[tuple[bytes, bytes]]
    ) -> None:
        self._house = house
        self._request = request
        self._scope = scope
        self._further = further
        self.watcher: Watcher | None = None

    async def stream(self, receive: Receive, send: Send) -> None:
        """Sends events until the client or the server ends."""
        line = AsgiLine(send)
        headers = [*raw_headers(STREAM_HEADERS), *self._further]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        if is_head_only(self._scope):
            line.end(b"")
            return
        watcher = self.watcher = (ManyWatcher if self._request.many else StreamWatcher)(line)
        line.carrier = begin_stream(self._scope, lambda: self._house.goodbye(watcher))
        line.send(frames.retry(self._house.retry_s()))
        try:
            await self._house.watch(watcher, self._request.asked)
        except Fault as fault:
            _log.warning("a stream ends, its client comes back", reason=str(fault))
            line.end(b"")
        while (await receive())["type"] != "http.disconnect":
            pass

    async def wait(self, wait_s: int, send: Send) -> None:
        """Answers with the next events, or with none after ``wait_s`` seconds."""
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        watcher = PollWatcher(answer.set_result, self._request.after, named=self._request.many)
        self.watcher = watcher
        begin_stream(self._scope, lambda: self._house.goodbye(watcher))
        await self._house.watch(watcher, self._request.asked)
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await asyncio.shield(answer)
        watcher.finish()
        headers = [*raw_headers(POLL_HEADERS), *self._further]
        await send_raw(RawAnswer(200, headers, await answer), send)


async def _send_problem(answer: RawAnswer, send: Send, further: list[tuple[bytes, bytes]]) -> None:
    answer.headers += further
    await send_raw(answer, send)
