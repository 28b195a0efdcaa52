"""The protocol of ``boxoffice live``: HTTP/1.1, GET of live seats alone, frames written to transports.

A connection serves one request. Its answer ends with the connection, so that the bytes of a frame are the
same for all: no length and no chunk stands before them.
"""

import asyncio
from collections.abc import Callable
from typing import Final, cast

from boxoffice.web.http.head import RawHeaders

HEAD_BYTES_MAX: Final = 16_384
"""Bytes of a request's head: what proxies pass on at most."""

BUFFER_BYTES_MAX: Final = 65_536
"""Bytes that a client has not read yet, from which on it gets no frames until it has."""

_END: Final = b"\r\n\r\n"


class Request:
    """A request: its method, its target, and its headers, with names in lower case."""

    __slots__ = ("headers", "method", "target", "version")

    def __init__(self, method: bytes, target: bytes, version: bytes, headers: RawHeaders) -> None:
        self.method = method
        self.target = target
        self.version = version
        self.headers = headers


def read_head(data: bytes) -> Request | None:
    """The request of a head; None: these bytes are no request of HTTP/1.1."""
    line, _, rest = data.partition(b"\r\n")
    words = line.split(b" ")
    if len(words) != 3 or words[2] not in (b"HTTP/1.1", b"HTTP/1.0") or not words[1].startswith(b"/"):
        return None
    headers = []
    for field in rest.split(b"\r\n") if rest else ():
        name, colon, value = field.partition(b":")
        if not colon or not name or name != name.strip() or b"\0" in value or b"\n" in field:
            return None
        headers.append((name.lower(), value.strip(b" \t")))
    return Request(words[0], words[1], words[2][5:], headers)


class LiveConnection(asyncio.Protocol):
    """A connection, which is the line of its watcher, too. ``begin`` is called with the request, once;
    ``over`` when the connection has ended.
    """

    __slots__ = ("_begin", "_head", "_over", "transport", "visit")

    def __init__(
        self,
        begin: Callable[["LiveConnection", bytes], None],
        over: Callable[["LiveConnection"], None],
    ) -> None:
        self._begin = begin
        self._over = over
        self._head: bytes | None = b""
        self.visit: object = None
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Waits for the request."""
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass

    @property
    def waits_for_head(self) -> bool:
        """Whether the request is not here yet."""
        return self._head is not None

    def data_received(self, data: bytes) -> None:
        """Takes the head; what follows is dropped, for a connection serves one request."""
        if self._head is None:
            return
        self._head += data
        head, end, _ = self._head.partition(_END)
        if end or len(self._head) > HEAD_BYTES_MAX:
            self._head = None
            self._begin(self, head if end and len(head) <= HEAD_BYTES_MAX else b"")

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - whatever the reason
        """Tells that the connection has ended."""
        self._over(self)

    def send(self, data: bytes) -> bool:
        """Writes; False: the client does not read as fast as we write."""
        transport = self.transport
        if transport.get_write_buffer_size() > BUFFER_BYTES_MAX:
            return False
        transport.write(data)
        return True

    def end(self, data: bytes) -> None:
        """Writes the last bytes and ends the connection; one that does not read is cut off."""
        if self.transport.get_write_buffer_size() > BUFFER_BYTES_MAX:
            self.transport.abort()
            return
        self.transport.write(data)
        self.transport.close()

    def abort(self) -> None:
        """Ends the connection at once."""
        self.transport.abort()
