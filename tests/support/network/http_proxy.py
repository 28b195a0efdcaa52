"""A proxy before an HTTP server that cuts every request at a named point."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum


class HttpCut(Enum):
    """The point at which the proxy cuts the connection."""

    BEFORE = "before the request is passed on"
    IN_REQUEST = "in the middle of the request"
    BEFORE_ANSWER = "after the server's answer, before it is passed on"
    IN_ANSWER = "in the middle of the answer"


class CuttingProxy:
    """A proxy on its own port that cuts both connections at the point. ``made`` counts the cuts."""

    def __init__(self, cut: HttpCut, server_port: int) -> None:
        self.cut = cut
        self.made = 0
        self.url = ""
        self._server_port = server_port

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection, which carries one request."""
        try:
            request = await _whole(reader)
            answer = b"" if self.cut is HttpCut.BEFORE else await self._pass_on(request)
            if self.cut is HttpCut.IN_ANSWER:
                writer.write(answer[: len(answer) // 2])
            self.made += 1
        finally:
            writer.close()

    async def _pass_on(self, request: bytes) -> bytes:
        """Pass the request on; returns the server's answer, which is empty if the request breaks off."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._server_port)
        try:
            if self.cut is HttpCut.IN_REQUEST:
                writer.write(_broken_off(request))
                return b""
            writer.write(request)
            return await _whole(reader)
        finally:
            writer.close()


def _broken_off(request: bytes) -> bytes:
    """The request up to the middle of its body, or of its head if it has no body."""
    head, _, body = request.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n" + body[: len(body) // 2] if body else head[: len(head) // 2]


async def _whole(reader: asyncio.StreamReader) -> bytes:
    """A request or an answer, with its body."""
    head = await reader.readuntil(b"\r\n\r\n")
    lines = [line.lower() for line in head.split(b"\r\n")]
    size = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
    return head + await reader.readexactly(size)


@asynccontextmanager
async def cutting_proxy(cut: HttpCut, server_port: int) -> AsyncIterator[CuttingProxy]:
    """A proxy in front of a server of this machine, for the length of a block."""
    proxy = CuttingProxy(cut, server_port)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        server.close()
