"""What watchers are told: events as data, and frames of them as bytes that are made once for all watchers.

An event tells states, not operations. So it does no harm if a watcher is told the same twice, or only the
last of many changes.
"""

from base64 import b64encode
from collections.abc import Sequence
from functools import cached_property
from typing import Final, Literal

import msgspec
from msgspec import Struct

from boxoffice.feed.events import Position
from boxoffice.live.states import Run, Runs, SeatStates
from boxoffice.vocabulary.views import Moment

ClosedBecause = Literal["deleted", "archived", "not_live"]
ResetBecause = Literal["unknown", "rewound"]

HEARTBEAT: Final = b":\n\n"
"""A comment: the stream lives."""

_encode: Final = msgspec.json.Encoder().encode


class Facts(Struct):
    """What a show is, as watchers are told."""

    name: str
    start_time: Moment
    total_seats: int


class Snapshot(Struct, kw_only=True):
    """All of a show at one moment. ``states``: two bits a place, in base64; it replaces whatever the watcher
    knew.
    """

    seq: int
    show_id: int
    name: str
    start_time: Moment
    total_seats: int
    available: int
    states: str


class Seats(Struct, kw_only=True):
    """The places that changed from event ``after`` to event ``seq``, by the state that they have now: as runs
    of first and last place.
    """

    seq: int
    after: int
    show_id: int
    taken: list[Run]
    free: list[Run]
    blocked: list[Run]
    available: int


class ShowChanged(Struct, kw_only=True):
    """The show has another name, start or number of places. Further places are free."""

    seq: int
    show_id: int
    name: str
    start_time: Moment
    total_seats: int
    available: int


class Closed(Struct, kw_only=True):
    """Nothing more will be told of the show."""

    show_id: int
    reason: ClosedBecause


class Reset(Struct, kw_only=True):
    """What the watcher has does not fit the show's history: forget it. A snapshot follows.

    ``unknown``: the position was never one of this show. ``rewound``: the history is another one since.
    """

    show_id: int
    reason: ResetBecause


class Bye(Struct, kw_only=True):
    """The server ends. Connect again after ``retry_ms``; another one, or the next one, goes on."""

    retry_ms: int


LiveEvent = Snapshot | Seats | ShowChanged | Closed | Reset

NAMES: Final[dict[type[Struct], str]] = {
    Snapshot: "snapshot",
    Seats: "seats",
    ShowChanged: "show",
    Closed: "closed",
    Reset: "reset",
    Bye: "bye",
}
"""The names of the events on the wire."""


class Frame:
    """Events of one show that are told together, and the position that a watcher has after them."""

    def __init__(self, show_id: int, position: Position, events: Sequence[LiveEvent]) -> None:
        self.show_id: Final = show_id
        self.position: Final = str(position)
        self._told: Final = [(NAMES[type(event)], _encode(event)) for event in events]

    @cached_property
    def unfinished(self) -> bytes:
        """The events as a stream has them, except the line with the id and the end of the last one."""
        return b"\n".join(b"event: %b\ndata: %b\n" % (name.encode(), data) for name, data in self._told)

    @cached_property
    def stream(self) -> bytes:
        """The events for a stream of this show alone."""
        return finished(self.unfinished, self.position)

    @cached_property
    def listed(self) -> bytes:
        """The events as elements of a list in JSON."""
        return b",".join(b'{"event":"%b","data":%b}' % (name.encode(), data) for name, data in self._told)


def finished(unfinished: bytes, position: str) -> bytes:
    """The events of a stream, of which the last has the position as its id."""
    return b"%bid: %b\n\n" % (unfinished, position.encode())


def snapshot_of(show_id: int, seq: int, facts: Facts, states: SeatStates) -> Snapshot:
    """All of a show."""
    return Snapshot(
        seq=seq,
        show_id=show_id,
        name=facts.name,
        start_time=facts.start_time,
        total_seats=facts.total_seats,
        available=states.available,
        states=b64encode(states.packed()).decode(),
    )


def seats_of(show_id: int, after: int, seq: int, runs: Runs, available: int) -> Seats:
    """The places that changed."""
    return Seats(seq=seq, after=after, show_id=show_id, **runs._asdict(), available=available)


def retry(seconds: float) -> bytes:
    """Tells a client after how long it connects again, once its connection is lost."""
    return b"retry: %d\n\n" % (seconds * 1_000)


def bye(seconds: float) -> bytes:
    """The last words of a server that ends."""
    retry_ms = round(seconds * 1_000)
    return b"retry: %d\nevent: bye\ndata: %b\n\n" % (retry_ms, _encode(Bye(retry_ms=retry_ms)))
