"""Who watches: a connection that gets frames as they come, or a request that waits for the next one."""

from collections.abc import Callable
from typing import Final, Protocol

from boxoffice.live import frames
from boxoffice.live.frames import Frame, finished


class Line(Protocol):
    """A connection to which a stream is written. No method waits, and none raises if the client is gone."""

    def send(self, data: bytes) -> bool:
        """Writes; False: the client does not read as fast as we write, and nothing was written."""

    def end(self, data: bytes) -> None:
        """Writes the last bytes, if that is possible, and ends the answer."""

    def abort(self) -> None:
        """Ends the connection at once, whatever was not read."""


class Watched(Protocol):
    """What is watched: the hub of a show."""

    def leave(self, sub: "Sub", now: float) -> None:
        """Forgets a watcher."""


class Sub:
    """A watcher's part in one show. ``no``: the step up to which the watcher has everything, -1: nothing.
    ``seq``: the number that its client knows. ``stale_since``: since when frames are skipped; 0: none is.
    """

    __slots__ = ("epoch", "hub", "no", "seq", "stale_since", "watcher")

    def __init__(self, watcher: "Watcher", hub: Watched) -> None:
        self.watcher = watcher
        self.hub = hub
        self.no = -1
        self.seq = 0
        self.epoch = 0
        self.stale_since = 0.0


class Watcher:
    """Somebody who watches one show or some. ``begun``: the first frame of each show was sent. ``left``:
    nothing is sent any more.
    """

    __slots__ = ("begun", "left", "slot", "subs")

    def __init__(self) -> None:
        self.subs: list[Sub] = []
        self.begun = False
        self.left = False
        self.slot = -1

    def take(self, sub: Sub, frame: Frame) -> bool:
        """Sends a frame; False: the client is too slow for it, and nothing was sent."""
        raise NotImplementedError

    def know(self, show_id: int, position: str) -> None:
        """The client has everything of this show up to a position."""

    def beat(self) -> None:
        """Sends a sign of life."""

    def goodbye(self, retry_s: float) -> None:
        """Ends the answer, because the server ends."""
        raise NotImplementedError

    def finish(self) -> None:
        """Ends the answer, because nothing more will be told."""
        raise NotImplementedError

    def abort(self) -> None:
        """Ends the connection of a client that does not read."""


class StreamWatcher(Watcher):
    """A stream of the events of one show."""

    __slots__ = ("_line",)

    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line = line

    def take(self, sub: Sub, frame: Frame) -> bool:  # noqa: ARG002 - it has one show
        """Sends the frame's bytes, which are the same for all."""
        return self._line.send(frame.stream)

    def beat(self) -> None:
        """Sends a comment. A client that does not even read this is found when it is sent its frame."""
        self._line.send(frames.HEARTBEAT)

    def goodbye(self, retry_s: float) -> None:
        """Tells when to connect again."""
        self._line.end(frames.bye(retry_s))

    def finish(self) -> None:
        """Ends the stream."""
        self._line.end(b"")

    def abort(self) -> None:
        """Ends the connection."""
        self._line.abort()


class ManyWatcher(StreamWatcher):
    """A stream of the events of several shows. Its ids have the positions in all of them."""

    __slots__ = ("_positions",)

    def __init__(self, line: Line) -> None:
        super().__init__(line)
        self._positions: dict[int, str] = {}

    def know(self, show_id: int, position: str) -> None:
        """Further ids have this position, too."""
        self._positions[show_id] = f"{show_id}-{position}"

    def take(self, sub: Sub, frame: Frame) -> bool:  # noqa: ARG002 - the frame names its show
        """Sends the frame under an id of this watcher's own."""
        before = self._positions.get(frame.show_id)
        self.know(frame.show_id, frame.position)
        sent = self._line.send(finished(frame.unfinished, ",".join(self._positions.values())))
        if not sent:
            self._take_back(frame.show_id, before)
        return sent

    def _take_back(self, show_id: int, before: str | None) -> None:
        if before is None:
            del self._positions[show_id]
        else:
            self._positions[show_id] = before


class PollWatcher(Watcher):
    """A request that waits for news: the first frame is its answer.

    ``answer`` sends a body, once; ``named``: whether positions name their show, as for several shows.
    """

    __slots__ = ("_answer", "_asked", "_named", "_positions")

    def __init__(self, answer: Callable[[bytes], None], asked: str, *, named: bool) -> None:
        """``asked``: the position that the client has, which is still its position if nothing happens."""
        super().__init__()
        self._answer = answer
        self._asked = asked
        self._named = named
        self._positions: dict[int, str] = {}

    def know(self, show_id: int, position: str) -> None:
        """The client has everything of this show up to a position."""
        self._positions[show_id] = f"{show_id}-{position}" if self._named else position

    def take(self, sub: Sub, frame: Frame) -> bool:  # noqa: ARG002 - the frame names its show
        """Answers with the frame's events."""
        if not self.left:
            self.know(frame.show_id, frame.position)
            self._tell(frame.listed)
        return True

    def goodbye(self, retry_s: float) -> None:  # noqa: ARG002 - the client asks again anyway
        """Answers that nothing has happened."""
        self._tell(b"")

    def finish(self) -> None:
        """Answers that nothing has happened, unless there was an answer."""
        self._tell(b"")

    def _tell(self, events: bytes) -> None:
        if self.left:
            return
        self.left = True
        position = ",".join(self._positions.values()) or self._asked
        self._answer(_POLLED % (position.encode(), events))


_POLLED: Final = b'{"success":true,"data":{"position":"%b","events":[%b]},"message":"Live seats"}'
