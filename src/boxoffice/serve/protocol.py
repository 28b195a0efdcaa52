"""HTTP/1.1 on one connection: uvicorn's protocol, with bounds, deadlines, and one reading of each request.

What uvicorn leaves open and this class decides: headers end where the head ends, so trailers are dropped; an
upgrade is ignored and its request served whole; a head, a pipeline and a body on the wire have bounds; what a
client owes (a head, a body, to read its answer) has a deadline. A request that breaks a rule gets its answer
from the application, after the answers to the requests before it, and the connection ends.
"""

import asyncio
import urllib.parse
from collections import deque
from collections.abc import Callable
from math import inf
from typing import Any, Final, cast

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from boxoffice.serve.cycle import Cycle
from boxoffice.serve.head import asks_to_go_on, bad, check_headers, check_query, odd_target, refuse_tunnel
from boxoffice.serve.watch import watch_of
from boxoffice.vocabulary import limits
from boxoffice.web.http.services import services_of
from boxoffice.web.http.streams import note_carrier
from boxoffice.web.http.unreadable import Unreadable, mark_unreadable

_NOT_HTTP: Final = "These bytes are no request of HTTP/1.1."
_CODING: Final = b"transfer-encoding"
_LINE_BYTES: Final = 4  # of a header, beside its name and value


# What the bytes that come next belong to. Numbers, because members of an Enum cost as much as a header.
_IDLE: Final = 0  # to nothing yet: all requests are answered
_HEAD: Final = 1
_BODY: Final = 2
_WHOLE: Final = 3  # to nothing yet: the last request is here whole, and its answer is under way
_DEAF: Final = 4  # to nothing: something unreadable came


class Connection(HttpToolsProtocol):
    """One connection. ``read_by``: when what the client sends must be here; ``write_by``: when the client
    must have read its answer; both by the event loop's time."""

    cycle: Cycle
    pipeline: deque[Any]

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.read_by = 0.0
        self.write_by = inf
        self._stage = _IDLE
        self._hangs_up = False
        self._ends = False
        self._upgrades = False
        self._end_stream: Callable[[], None] | None = None
        self._host = b""  # the last one that was checked
        self._packet_bytes = 0
        self._first_bytes = 0  # of the packet in which the head began that is being read
        self._earlier_bytes = 0  # of what is being read, head or body, in packets after its first
        settings = services_of(cast(Any, config.loaded_app)).settings
        self._body_wire_bytes_max: Final = limits.BODY_WIRE_FACTOR * settings.server.body_bytes_max

    # The connection ------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Waits for the first request."""
        super().connection_made(transport)
        self._outgoing = _Outgoing(self)
        self.read_by = self.loop.time() + limits.CONNECTION_IDLE_MAX_S
        watch_of(self.server_state, self.loop, cast(Any, self.connections)).begin()

    def data_received(self, data: bytes) -> None:
        """Reads what came, and notes by when the rest must come."""
        self._packet_bytes = len(data)
        if self._stage == _DEAF:
            self._discard()
            return
        try:
            self.parser.feed_data(data)
            if self._stage == _HEAD or self._stage == _BODY:
                self._check_rest()
        except httptools.HttpParserUpgrade as upgrade:
            self.data_received(self._head_without_upgrade() + data[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            cause = error.__context__
            self._refuse(cause if isinstance(cause, Unreadable) else bad(_NOT_HTTP))
        except Unreadable as error:
            self._refuse(error)

    def pause_writing(self) -> None:
        """The client does not read as fast as we write: all that is written has one deadline, but a stream,
        which has one of its own.
        """
        super().pause_writing()
        if self.write_by == inf and (self._end_stream is None or self._ends):
            wait_s = limits.STALLED_AT_END_MAX_S if self._ends else limits.ANSWER_WAIT_MAX_S
            self.write_by = self.loop.time() + wait_s

    def resume_writing(self) -> None:
        """The client reads again; the deadline stays while the answer is under way."""
        super().resume_writing()
        if not self._answers:
            self.write_by = inf

    def shutdown(self) -> None:
        """Ends the connection when its requests are answered, and does not wait long for what stalls."""
        super().shutdown()
        self._ends = True
        if self._end_stream is not None:
            self._end_stream()
        end = self.loop.time() + limits.STALLED_AT_END_MAX_S
        self.read_by = min(self.read_by, end)
        if self.flow.write_paused:
            self.write_by = min(self.write_by, end)

    def time_is_over(self, now: float) -> None:
        """Tells the client that it was too slow, or ends the connection if there is nothing to tell."""
        if self.write_by < now and self.flow.write_paused:
            self.transport.abort()
        elif self.write_by < now:
            self.write_by = inf
        if self.read_by < now and self.transport.is_closing():
            self.transport.abort()
        elif self.read_by < now:
            self.read_by = now + limits.HANG_UP_WAIT_MAX_S
            self._read_too_late()

    def end(self) -> None:
        """Ends the connection after its last answer: with a hanging up, if bytes may still come."""
        if self._stage == _WHOLE and not self.pipeline:
            self.transport.close()
        else:
            self.hang_up()

    def hang_up(self) -> None:
        """Ends the connection from our side; bytes that still come are dropped until the client ends it.

        A connection that is closed at once is reset if bytes still come, and the answer may be lost.
        """
        self._hangs_up, self._stage, self._earlier_bytes = True, _DEAF, 0
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.flow.resume_reading()
        self.read_by = self._last_read_by()

    def begin_stream(self, end: Callable[[], None]) -> None:
        """The answer that is under way has no end of its own."""
        self._end_stream, self.write_by = end, inf
        if self._ends:
            end()

    def abort(self) -> None:
        """Ends the connection, whatever was not read."""
        self.transport.abort()

    def _read_too_late(self) -> None:
        answers = self._answers
        if self._stage == _WHOLE or (answers and self.flow.read_paused):
            self.read_by = inf  # it is us for whom the client waits
        elif (self._stage == _BODY and answers) or (self._stage == _HEAD and not answers):
            self._refuse(Unreadable("request_timed_out"))
        elif not answers:
            self.transport.close()

    def _last_read_by(self) -> float:
        """By when the client must have read what is written, and have hung up."""
        unread = self.transport.get_write_buffer_size() > 0
        wait_s = limits.ANSWER_WAIT_MAX_S if unread and not self._ends else limits.HANG_UP_WAIT_MAX_S
        return self.loop.time() + wait_s

    # What is read --------------------------------------------------------------------------------

    def on_url(self, url: bytes) -> None:
        """Takes a part of the target: a request begins. Raises ``Unreadable``."""
        if self._stage != _HEAD:
            self._stage = _HEAD
            self.read_by = self._first_bytes = self._earlier_bytes = 0
        self.url += url
        if len(self.url) > limits.TARGET_BYTES_MAX:
            raise Unreadable("target_too_long")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Takes a header; after the head a trailer, which nobody will see. Raises ``Unreadable``."""
        headers = self.headers
        if len(headers) >= limits.HEADER_LINES_MAX:
            raise Unreadable("headers_too_large")
        headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Hands the request to the application. Raises ``Unreadable``."""
        parser = self.parser
        if (
            self.pipeline
            or self._first_bytes + self._earlier_bytes + self._packet_bytes > limits.HEAD_BYTES_MAX
        ):
            self._check_bounds()
        if parser.should_upgrade():
            refuse_tunnel(parser.get_method())
            self._upgrades = True
            return
        method, version = parser.get_method(), parser.get_http_version()
        fields = dict(self.headers)
        host = fields.get(b"host")
        if host != self._host or version != "1.1" or len(fields) < len(self.headers) or _CODING in fields:
            check_headers(self.headers, fields, version)
            self._host = host or b""
        self.expect_100_continue = b"expect" in fields and asks_to_go_on(fields, version)
        self._complete_scope(method, version)
        self._start(version == "1.1" and parser.should_keep_alive())
        self._stage = _BODY
        self.read_by = self._earlier_bytes = 0
        self.headers = []  # for the trailers: the request keeps the list of its headers

    def on_body(self, body: bytes) -> None:
        """Takes a part of the body, unless the request is answered already."""
        if self.cycle.response_complete:
            return
        self.cycle.body += body
        if len(self.cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        self.cycle.message_event.set()

    def on_message_complete(self) -> None:
        """The request is here whole."""
        if self._upgrades:
            return
        if self.cycle.response_complete:
            self._wait_for_next()
            return
        self._stage = _WHOLE
        self.read_by = inf
        self.cycle.more_body = False
        self.cycle.message_event.set()

    def on_response_complete(self) -> None:
        """Goes on with the next request, if one waits."""
        self.server_state.total_requests += 1
        self._end_stream = None
        if self.transport.is_closing() or self._hangs_up:
            self.read_by = self._last_read_by()
        elif self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        else:
            self.flow.resume_reading()
            if self._stage == _WHOLE:
                self._wait_for_next()

    def _wait_for_next(self) -> None:
        self._stage = _IDLE
        self.read_by = self.loop.time() + limits.CONNECTION_IDLE_MAX_S
        if not self.flow.write_paused:
            self.write_by = inf

    @property
    def _answers(self) -> bool:
        """Whether an answer is under way."""
        latest = cast("Cycle | None", self.cycle)
        return latest is not None and not latest.response_complete

    # Steps ---------------------------------------------------------------------------------------

    def _head_without_upgrade(self) -> bytes:
        """The head that was read, for a new parser.

        RFC 9110, 7.8: a server may ignore an upgrade. The parser cannot: it takes what follows for the other
        protocol, and the body would be lost. So the request is read again as if it asked for none.
        """
        old, self._upgrades = self.parser, False
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        line = b"%b %b HTTP/%b\r\n" % (old.get_method(), self.url, old.get_http_version().encode())
        kept = [b"%b: %b\r\n" % header for header in self.headers if header[0] != b"upgrade"]
        return b"".join((line, *kept, b"\r\n"))

    def _check_rest(self) -> None:
        """Holds a head or a body of which a part is here to its bound, and gives the rest a deadline."""
        head = self._stage == _HEAD
        if self.read_by == 0:
            self._first_bytes = self._packet_bytes
            self.read_by = self.loop.time() + (limits.HEAD_WAIT_MAX_S if head else limits.BODY_WAIT_MAX_S)
            return
        self._earlier_bytes += self._packet_bytes
        if head and self._earlier_bytes > limits.HEAD_BYTES_MAX:
            raise Unreadable("headers_too_large")
        if self._earlier_bytes > self._body_wire_bytes_max:
            raise Unreadable("body_too_large")

    def _check_bounds(self) -> None:
        lines = sum(len(name) + len(value) + _LINE_BYTES for name, value in self.headers)
        if len(self.url) + lines > limits.HEAD_BYTES_MAX:
            raise Unreadable("headers_too_large")
        if len(self.pipeline) >= limits.PIPELINED_MAX:
            raise bad(f"At most {limits.PIPELINED_MAX} requests of a connection may wait for their answers.")

    def _complete_scope(self, method: bytes, version: str) -> None:
        url, scope = self.url, self.scope
        if url[:1] == b"/" and b"#" not in url:
            raw_path, _, query = url.partition(b"?")
        else:
            raw_path, query = self._odd_target(method)
        if query:
            check_query(query)
        path = raw_path.decode("ascii")
        scope["method"] = method.decode("ascii")
        scope["http_version"] = version
        scope["path"] = self.root_path + (urllib.parse.unquote(path) if "%" in path else path)
        scope["raw_path"] = self.root_path.encode("ascii") + raw_path
        scope["query_string"] = query
        note_carrier(scope["state"], self)

    def _odd_target(self, method: bytes) -> tuple[bytes, bytes]:
        """Path and query of a target that is no path. A host in it is the host (RFC 9112 3.2.2)."""
        target = odd_target(self.url, method)
        if target.host is not None:
            self.headers[:] = [(b"host", target.host), *(h for h in self.headers if h[0] != b"host")]
        return target.path, target.query

    def _start(self, keep_alive: bool) -> None:
        """Begins the answer, or puts the request behind those that are not answered yet."""
        before: Cycle | None = self.cycle
        self.cycle = cycle = Cycle(
            scope=self.scope,
            transport=cast(Any, self._outgoing),
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=keep_alive,
            on_response=self.on_response_complete,
        )
        if before is None or before.response_complete:
            self._start_asgi_task(cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, self.app))

    def _refuse(self, error: Unreadable) -> None:
        """Has the application answer what is wrong, and hangs up then. Nothing more is read until then."""
        began, self._stage = self._stage, _DEAF
        self.flow.pause_reading()
        self.read_by = inf
        if began != _BODY:
            self._start_refused(error, began)
        elif self.cycle.response_complete:
            self.hang_up()
        else:
            self.cycle.fail(error)

    def _start_refused(self, error: Unreadable, began: int) -> None:
        if began != _HEAD:
            super().on_message_begin()
        method = self.parser.get_method().decode("ascii") if self.url else ""
        unread: dict[str, Any] = {"method": method, "path": "/", "raw_path": b"/", "query_string": b""}
        self.scope.update(cast(Any, unread))
        mark_unreadable(cast(Any, self.scope), error)
        self._start(False)

    def _discard(self) -> None:
        self._earlier_bytes += self._packet_bytes
        if self._earlier_bytes > limits.DISCARDED_BYTES_MAX:
            self.transport.abort()


class _Outgoing:
    """The transport for the answers of a connection; its end is ``Connection.end``."""

    def __init__(self, connection: Connection) -> None:
        self.write: Final = connection.transport.write
        self.is_closing: Final = connection.transport.is_closing
        self.close: Final = connection.end
