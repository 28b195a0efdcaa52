"""A real HTTP server on this machine that keeps what it gets and answers as the test says."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
from msgspec import Struct

from tests.support.engine.eventually import eventually


class Got(Struct, frozen=True):
    """A message as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        """The id of the message."""
        return self.headers["webhook-id"]

    @property
    def json(self) -> Any:
        """The body as data."""
        return msgspec.json.decode(self.body)

    @property
    def show_id(self) -> int:
        """The show of the (first) event."""
        told = self.json
        first = told[0] if isinstance(told, list) else told
        return int(first["show_id"] if "show_id" in first else first["data"]["show_id"])

    @property
    def seq(self) -> int:
        """The number of the (last) event."""
        told = self.json
        last = told[-1] if isinstance(told, list) else told
        return int(last["seq"] if "seq" in last else last["data"]["seq"])


class Reply(Struct, frozen=True):
    """An answer. ``held`` True: the answer waits until the receiver lets go."""

    status: int = 200
    body: bytes = b""
    headers: tuple[str, ...] = ()
    held: bool = False


Decide = Callable[[Got], Reply]


class Receiver:
    """``got``: everything that arrived, in order. ``decide``: the answer to a message; a test replaces it."""

    def __init__(self) -> None:
        self.got: Final[list[Got]] = []
        self.decide: Decide = lambda _: Reply()
        self.url = ""
        self.under_way = 0
        self.most_under_way = 0
        self._free = asyncio.Event()

    def answer(self, status: int, *headers: str, body: bytes = b"") -> None:
        """From now on every message gets this status."""
        self.decide = lambda _: Reply(status, body, headers)

    def let_go(self) -> None:
        """Gives the answers that were held."""
        self._free.set()

    def hold(self) -> None:
        """From now on no message is answered until ``let_go``."""
        self._free.clear()
        self.decide = lambda _: Reply(held=True)

    def seqs(self, show_id: int) -> list[int]:
        """The numbers of the events of a show, as they arrived."""
        return [got.seq for got in self.got if got.show_id == show_id]

    async def has(self, count: int) -> list[Got]:
        """What arrived, as soon as it is so many."""

        async def enough() -> bool:
            return len(self.got) >= count

        await eventually(enough, f"{count} messages; there are {len(self.got)}")
        return self.got

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection."""
        try:
            while got := await _read(reader):
                await self._answer(got, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(self, got: Got, writer: asyncio.StreamWriter) -> None:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        reply = self.decide(got)
        self.got.append(got)
        try:
            if reply.held:
                await self._free.wait()
            head = [
                f"HTTP/1.1 {reply.status} x",
                f"content-length: {len(reply.body)}",
                *reply.headers,
                "",
                "",
            ]
            writer.write("\r\n".join(head).encode() + reply.body)
            await writer.drain()
        finally:
            self.under_way -= 1


async def _read(reader: asyncio.StreamReader) -> Got | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode().split("\r\n")
    headers = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)
    }
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Got(first.split(" ")[1], headers, body)


@asynccontextmanager
async def open_receiver() -> AsyncIterator[Receiver]:
    """A running receiver on a free port of this machine."""
    receiver = Receiver()
    tasks: set[asyncio.Task[Any]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(receiver.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    receiver.url = f"http://127.0.0.1:{port}/hook"
    try:
        yield receiver
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
