"""The look at all connections, now and then: whose time is over is told so.

One look at all costs less than a timer for each request, which would be set and cancelled ten thousand times
a second.
"""

import asyncio
from collections.abc import Collection
from typing import Final, Protocol
from weakref import WeakKeyDictionary

from uvicorn.server import ServerState

from boxoffice.vocabulary import limits


class Watched(Protocol):
    """A connection: its deadlines, by the event loop's time, for what it reads and for what it writes."""

    read_by: float
    write_by: float

    def time_is_over(self, now: float) -> None:
        """One of the two deadlines has passed."""


class Watch:
    """The look at the connections of one server, for as long as the server has any."""

    def __init__(self, loop: asyncio.AbstractEventLoop, connections: Collection[Watched]) -> None:
        self._loop: Final = loop
        self._connections: Final = connections
        self._looks = False

    def begin(self) -> None:
        """Looks from now on, if it does not yet."""
        if not self._looks:
            self._looks = True
            self._later()

    def _later(self) -> None:
        self._loop.call_later(limits.LOOK_AT_CONNECTIONS_EVERY_S, self._look)

    def _look(self) -> None:
        now = self._loop.time()
        over = [it for it in self._connections if it.read_by < now or it.write_by < now]
        for connection in over:
            connection.time_is_over(now)
        if self._connections:
            self._later()
        else:
            self._looks = False


_WATCHES: Final[WeakKeyDictionary[ServerState, Watch]] = WeakKeyDictionary()


def watch_of(server: ServerState, loop: asyncio.AbstractEventLoop, connections: Collection[Watched]) -> Watch:
    """The watch of a server."""
    if (watch := _WATCHES.get(server)) is None:
        watch = _WATCHES[server] = Watch(loop, connections)
    return watch
