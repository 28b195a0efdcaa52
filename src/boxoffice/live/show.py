"""One show as its watchers know it: its working map, its position, and the frames that tell of it."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, Protocol

import msgspec
from msgspec import Struct

from boxoffice.feed.events import FeedEvent, Position
from boxoffice.feed.tails import Tail
from boxoffice.live.frames import (
    Closed,
    ClosedBecause,
    Facts,
    Frame,
    LiveEvent,
    Reset,
    ResetBecause,
    ShowChanged,
    Snapshot,
    seats_of,
    snapshot_of,
)
from boxoffice.live.history import Changes, History
from boxoffice.live.states import EFFECTS, SeatStates

EVENTS_READ_MAX: Final = 2_000
"""Events that are read at once: a second of a rush, in some 20 ms. Who is further behind gets a snapshot."""

_BYTES_OF_A_RUN: Final = 12
_BYTES_OF_A_SNAPSHOT: Final = 120
_PLACES_OF_A_BYTE: Final = 3
"""What is told takes about so much on the wire: a run; a snapshot beside its map; a map in base64."""

_CLOSING: Final[dict[str, ClosedBecause]] = {"show_deleted": "deleted", "show_archived": "archived"}


class Source(Protocol):
    """Where the events of a show come from: ``FeedReader``."""

    async def tail(self, show_id: int, after: Position, limit: int) -> Tail:
        """What follows a position. Raises ``Unavailable``."""


class Rows(Protocol):
    """What a show is loaded from: the connections of the feed."""

    async def read(self, name: str, *args: object) -> Sequence[Any]:
        """The rows of a query. Raises ``Unavailable``."""


class Loaded(Struct):
    """A show as the database has it at one moment. ``closed``: why nothing will change any more."""

    position: Position
    facts: Facts
    states: SeatStates
    live: bool
    closed: ClosedBecause | None


class UnknownKind(Exception):
    """An event is of a kind that this program does not know: a newer program writes such events."""


async def load(store: Rows, show_id: int) -> Loaded | None:
    """The show; None: there is none. Raises ``Unavailable``."""
    rows = await store.read("live_show", show_id)
    if not rows:
        return None
    row = rows[0]
    return Loaded(
        Position(row["seq"], row["link"]),
        Facts(row["name"], row["start_time"], row["total_seats"]),
        SeatStates.of(row["taken"], row["blocked"]),
        row["live"],
        "archived" if row["archived"] else None,
    )


class LiveShow:
    """A show that is followed. ``load`` and ``advance`` move it on; the other methods tell how it is."""

    def __init__(self, show_id: int, loaded: Loaded) -> None:
        self.show_id: Final = show_id
        self.epoch = 0
        self.history: History
        self.position: Position
        self.facts: Facts
        self.states: SeatStates
        self.closed: ClosedBecause | None
        self.told_seq: int
        self._take(loaded, History(loaded.position))

    @property
    def places(self) -> int:
        """How many places are kept in memory, one byte each."""
        return self.states.total

    # How it moves on -----------------------------------------------------------------------------

    def load(self, loaded: Loaded, *, rewound: bool) -> Frame:
        """Begins again with what the database has. ``rewound``: it has another history than before."""
        self.epoch += rewound
        self._take(loaded, History(loaded.position, self.history.no + 1))
        return self.snapshot("rewound" if rewound else None)

    def advance(self, events: Sequence[FeedEvent]) -> Frame | None:
        """Takes the next events of the show, and tells them in one frame. None: watchers see no difference.

        Raises ``UnknownKind``; the map is no guide then, until it is loaded again.
        """
        places: set[int] = set()
        facts = self.facts
        for event in events:
            places.update(self._apply(event))
        self.position = events[-1].position
        of_show = self.facts is not facts
        self.history.add(self.position, sorted(places), of_show=of_show)
        if not (places or of_show or self.closed):
            return None
        after, self.told_seq = self.told_seq, self.position.seq
        return self._difference(after, Changes(places, of_show))

    def _take(self, loaded: Loaded, history: History) -> None:
        self.history = history
        self.position = loaded.position
        self.facts = loaded.facts
        self.states = loaded.states
        self.closed = loaded.closed if loaded.live else "not_live"
        self.told_seq = loaded.position.seq

    def _apply(self, event: FeedEvent) -> Iterable[int]:
        """The places that have another state, or are new, after the event."""
        if event.kind not in EFFECTS:
            raise UnknownKind(event.kind)
        state = EFFECTS[event.kind]
        if state is not None:
            return self.states.set(event.places, state)
        if event.kind == "show_updated":
            return self._update(event.details)
        self.closed = _CLOSING.get(event.kind, self.closed)
        return ()

    def _update(self, told: dict[str, Any]) -> Iterable[int]:
        if "live" in told:
            self.closed = None if told["live"] else "not_live"
        facts = msgspec.convert(msgspec.to_builtins(self.facts) | _known(told), Facts)
        if facts == self.facts:
            return ()
        self.facts = facts
        return () if facts.total_seats == self.states.total else self.states.resize(facts.total_seats)

    # How it is told ------------------------------------------------------------------------------

    def snapshot(self, reset: ResetBecause | None = None) -> Frame:
        """All of the show. ``reset``: why the watcher must forget what it has."""
        events: list[LiveEvent] = [] if reset is None else [Reset(show_id=self.show_id, reason=reset)]
        return self._frame([*events, self._all()])

    def since(self, no: int, seq: int, places: Iterable[int] = ()) -> Frame | None:
        """What a watcher lacks that has all up to step ``no``, which its client knows as ``seq``; but these
        places may have changed since all the same. None: nothing.
        """
        changes = self.history.since(no, places)
        if changes is None:
            return self.snapshot()
        if not (changes.places or changes.of_show or self.closed):
            return None
        return self._difference(seq, changes)

    def _difference(self, after: int, changes: Changes) -> Frame:
        """The changes in one frame; or a snapshot, if that is smaller."""
        seq, events = self.position.seq, list[LiveEvent]()
        runs = self.states.runs(changes.places)
        told = (len(runs.taken) + len(runs.free) + len(runs.blocked)) * _BYTES_OF_A_RUN
        if told > _BYTES_OF_A_SNAPSHOT + self.states.total // _PLACES_OF_A_BYTE:
            return self._frame([self._all()])
        if changes.of_show:
            events.append(self._changed())
        if changes.places:
            events.append(seats_of(self.show_id, after, seq, runs, self.states.available))
        return self._frame(events)

    def _frame(self, events: list[LiveEvent]) -> Frame:
        """Events and why they are the last. A show that is kept out by now is told no more states, not even
        those of the moment before.
        """
        if self.closed == "not_live":
            events = []
        if self.closed:
            events.append(Closed(show_id=self.show_id, reason=self.closed))
        return Frame(self.show_id, self.position, events)

    def _all(self) -> Snapshot:
        return snapshot_of(self.show_id, self.position.seq, self.facts, self.states)

    def _changed(self) -> ShowChanged:
        return ShowChanged(
            seq=self.position.seq,
            show_id=self.show_id,
            available=self.states.available,
            **msgspec.structs.asdict(self.facts),
        )


def _known(told: dict[str, Any]) -> dict[str, Any]:
    """What an event tells of a show's facts."""
    return {name: told[name] for name in Facts.__struct_fields__ if name in told}
