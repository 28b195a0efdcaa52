"""Consumers of the feed, and their cursors: up to which event of each show a consumer was told."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypeVar

import asyncpg
import msgspec
from msgspec import Struct

from boxoffice.database.store import Store
from boxoffice.feed.events import FeedEvent, Position

C = TypeVar("C", bound="Consumer")

Kind = Literal["pull", "relay", "webhook"]
State = Literal["active", "paused", "disabled"]


class Behind(NamedTuple):
    """A show with events that a consumer has not acknowledged, or whose history is not the consumer's."""

    show_id: int
    position: Position
    last_seq: int


class Lease(NamedTuple):
    """The right to send the events of a slice of the shows (``feed.leases``)."""

    duty: str
    slice: int
    epoch: int


class Move(NamedTuple):
    """A consumer has acknowledged a show's events after number ``before``, up to a position."""

    before: int
    to: Position


class Consumer(Struct, frozen=True):
    """Who is told.

    ``show_ids``: the only shows that are told; None: all. ``personal``: may see who booked and acted.
    ``config``: what the part of the program that serves the consumer must know.
    """

    consumer: str
    kind: Kind
    state: State
    show_ids: list[int] | None
    personal: bool
    config: dict[str, Any]
    born_at: datetime


class Lag(Consumer, frozen=True):
    """A consumer and how far it is behind. ``oldest_at``: since when the oldest event waits; None: nothing
    waits.
    """

    shows_behind: int
    events_behind: int
    oldest_at: datetime | None
    forked_shows: int


class Fork(Struct, frozen=True):
    """A show whose history does not continue what the consumer has: its event ``seq`` with this link."""

    show_id: int
    seq: int
    link: bytes
    noticed_at: datetime
    told: bool
    last_seq: int

    @property
    def has(self) -> Position:
        """The position of the consumer."""
        return Position(self.seq, self.link)


class Changed(Struct, frozen=True):
    """Shows that have changed, each with its last position, and what to ask for next.

    ``complete`` False: the marks do not reach back as far as was asked, so any show may have changed.
    """

    shows: dict[int, Position]
    following: str
    complete: bool


class Cursors:
    """The consumers and cursors in the database. Each method raises ``Unavailable`` or another ``Fault``."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def create(
        self,
        consumer: str,
        kind: Kind,
        *,
        show_ids: Sequence[int] | None = None,
        personal: bool = False,
        config: Mapping[str, Any] | None = None,
        from_start: bool = False,
    ) -> bool:
        """Makes a consumer, told from now on or from the start of all shows, or finds it if it is as asked
        for. False: the name is another consumer's.
        """
        told = msgspec.json.encode(config or {}).decode()
        shows = None if show_ids is None else sorted(show_ids)
        [row] = await self._store.write("create_consumer", consumer, kind, shows, personal, told, from_start)
        return bool(row["created"])

    async def drop(self, consumer: str) -> bool:
        """Forgets a consumer and its cursors; False: there is none."""
        [row] = await self._store.write("drop_consumer", consumer)
        return bool(row["dropped"])

    async def lags(self) -> list[Lag]:
        """All consumers by name, and how far each is behind."""
        return [_to_view(row, Lag) for row in await self._store.read("feed_lags", None)]

    async def lag(self, consumer: str) -> Lag | None:
        """One consumer, and how far it is behind. Looks at all its cursors."""
        rows = await self._store.read("feed_lags", consumer)
        return _to_view(rows[0], Lag) if rows else None

    async def find(self, consumer: str) -> Consumer | None:
        """The consumer with this name."""
        rows = await self._store.read("feed_consumer", consumer)
        return _to_view(rows[0], Consumer) if rows else None

    async def behind(
        self, consumer: str, *, slices: Sequence[int] | None = None, after: int = 0, limit: int
    ) -> list[Behind]:
        """The shows in which the consumer is not at the last event, by id, after show ``after``; without
        forked ones.
        """
        shares = None if slices is None else list(slices)
        rows = await self._store.read("feed_behind", consumer, shares, after, limit)
        return [Behind(r["show_id"], Position(r["seq"], r["link"]), r["last_seq"]) for r in rows]

    async def positions(self, consumer: str, show_ids: Sequence[int]) -> dict[int, Position]:
        """The cursors of those of these shows that the consumer is told of and that are not forked."""
        rows = await self._store.read("feed_positions", consumer, list(show_ids))
        return {row["show_id"]: Position(row["seq"], row["link"]) for row in rows}

    async def move(self, leases: Sequence[Lease], consumer: str, moves: Mapping[int, Move]) -> set[int]:
        """Moves cursors by show, under the leases of one duty. Returns the shows whose cursor moved: the
        others are in a slice that is another process's by now, or stand elsewhere than the sender thought.
        """
        shows = sorted(moves)
        [row] = await self._store.write(
            "move_cursors",
            leases[0].duty,
            [lease.slice for lease in leases],
            [lease.epoch for lease in leases],
            consumer,
            shows,
            [moves[show].before for show in shows],
            [moves[show].to.seq for show in shows],
            [moves[show].to.link for show in shows],
        )
        return set(row["moved"])

    async def acknowledge(self, consumer: str, positions: Sequence[tuple[int, Position]]) -> list[int] | None:
        """A consumer that pulls has all events of the shows up to these positions. Returns the shows whose
        position is not in the history: then nothing was moved. None: there is no such consumer.
        """
        shows = [show_id for show_id, _ in positions]
        seqs = [position.seq for _, position in positions]
        links8 = [position.link[:4] for _, position in positions]
        [row] = await self._store.write("acknowledge", consumer, shows, seqs, links8)
        unfit: list[int] | None = row["unfit"]
        return unfit

    async def changed(self, since: str | None, show_ids: Sequence[int] | None, limit: int) -> Changed:
        """The shows that have changed since an earlier answer said so (``following``; None: from now on), of
        these shows (None: of all). A show may be given again that was given before. One transaction that has
        changed more shows than ``limit``, as a rewind of all shows, is not told in parts: ``complete`` is
        False then.
        """
        among = None if show_ids is None else list(show_ids)
        [row] = await self._store.read("feed_changes", since, limit, among)
        positions = [Position(seq, link or b"") for seq, link in zip(row["seqs"], row["links"], strict=True)]
        shows = dict(zip(row["show_ids"], positions, strict=True))
        if len(shows) < limit:
            return Changed(shows, row["horizon"], row["complete"])
        if since is not None and int(row["last_xid"]) == int(since):  # the next answer would be the same
            return Changed(shows, row["horizon"], complete=False)
        return Changed(shows, row["last_xid"], row["complete"])

    async def rewind(self, consumer: str, show_id: int | None, seq: int) -> int:
        """Tells the consumer again what follows event ``seq`` of the show; None: everything of all shows."""
        [row] = await self._store.write("rewind_cursors", consumer, show_id, seq)
        return int(row["shows"])

    async def skip(self, consumer: str, show_id: int | None) -> int:
        """The consumer is not told what has happened so far in the show; None: in all shows."""
        [row] = await self._store.write("skip_to_end", consumer, show_id)
        return int(row["shows"])

    async def note_fork(self, consumer: str, show_id: int, has: Position) -> None:
        """The consumer's event is not in the history: nothing more is sent until an operator decides."""
        await self._store.write("note_fork", consumer, show_id, has.seq, has.link)

    async def note_fork_told(self, consumer: str, show_id: int) -> None:
        """The consumer knows of the fork."""
        await self._store.write("note_fork_told", consumer, show_id)

    async def forks(self, consumer: str) -> list[Fork]:
        """The forked shows of a consumer."""
        return [msgspec.convert(dict(row), Fork) for row in await self._store.read("feed_forks", consumer)]


def moves_of(events: Sequence[FeedEvent]) -> dict[int, Move]:
    """The moves after a consumer has acknowledged these events, which are in order for each show."""
    moves: dict[int, Move] = {}
    for event in events:
        before = moves[event.show_id].before if event.show_id in moves else event.seq - 1
        moves[event.show_id] = Move(before, event.position)
    return moves


def _to_view(row: asyncpg.Record, view: type[C]) -> C:
    return msgspec.convert(dict(row) | {"config": msgspec.json.decode(row["config"])}, view)
