"""The latest events of each show that is read: from memory while they are there, else from the database."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from typing import Final

import asyncpg
from msgspec import Struct

from boxoffice.database.store import Store
from boxoffice.feed.events import START, FeedEvent, Position, to_event

RING_EVENTS: Final = 1_024
"""Events of a show that are kept in memory: a quarter of a second of a rush, for readers that keep up."""

RINGS_MAX: Final = 256
"""Shows whose latest events are kept in memory: some 100 MB at most, if all have long events."""

SHOWS_AT_ONCE_MAX: Final = 512
"""Shows whose events one query reads, so that the query stays far below the timeout of reads."""


class Tail(Struct, frozen=True):
    """What follows a position: the events in order, whether ``more`` follow, and whether the position is not
    in the history of the show (``forked``): then there are no events.
    """

    events: Sequence[FeedEvent] = ()
    more: bool = False
    forked: bool = False


class Tails:
    """Reads tails. The ring of a show serves everybody in the process: a hot show is read once a look."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rings: OrderedDict[int, deque[FeedEvent]] = OrderedDict()
        self._last_seqs: dict[int, int] = {}
        self._reading = asyncio.Lock()

    def note(self, changed: Mapping[int, int]) -> None:
        """The shows have these last events by now."""
        for show_id in changed.keys() & self._rings.keys():
            self._last_seqs[show_id] = max(changed[show_id], self._last_seqs.get(show_id, 0))

    def forget(self) -> None:
        """Forget all events: the database may have another history than before."""
        self._rings.clear()
        self._last_seqs.clear()

    async def read(self, wanted: Mapping[int, Position], limit: int) -> dict[int, Tail]:
        """What follows the position of each show, at most ``limit`` events each. Raises ``Unavailable``."""
        found = {show: tail for show, at in wanted.items() if (tail := self._kept(show, at, limit))}
        missing = [show for show in wanted if show not in found]
        if missing:
            async with self._reading:  # another reader may have brought them meanwhile
                found |= {s: tail for s in missing if (tail := self._kept(s, wanted[s], limit))}
                missing = [show for show in missing if show not in found]
                for first in range(0, len(missing), SHOWS_AT_ONCE_MAX):
                    part = missing[first : first + SHOWS_AT_ONCE_MAX]
                    found |= await self._load({show: wanted[show] for show in part}, limit)
        return found

    def _kept(self, show_id: int, after: Position, limit: int) -> Tail | None:
        """The tail from memory; None: it is not there, or not all of it."""
        ring = self._rings.get(show_id)
        if not ring or ring[-1].seq < self._last_seqs.get(show_id, 0):
            return None
        place = after.seq + 1 - ring[0].seq
        if place < 0 or place > len(ring):
            return None
        before = ring[place - 1].link if place else ring[0].prevlink
        if after != START and not after.fits(before):
            return None  # the database decides whether this is a fork
        self._rings.move_to_end(show_id)
        events = [ring[at] for at in range(place, min(place + limit, len(ring)))]
        return Tail(events, more=place + limit < len(ring))

    async def _load(self, wanted: Mapping[int, Position], limit: int) -> dict[int, Tail]:
        shows = list(wanted)
        rows = await self._store.read("feed_tails", shows, [wanted[show].seq for show in shows], limit + 2)
        by_show: dict[int, list[asyncpg.Record]] = {show: [] for show in shows}
        for row in rows:
            by_show[row["show_id"]].append(row)
        return {show: self._tail(show, wanted[show], by_show[show], limit) for show in shows}

    def _tail(self, show_id: int, after: Position, rows: list[asyncpg.Record], limit: int) -> Tail:
        prevlink = b""
        if after.seq > 0:
            if not rows or rows[0]["seq"] != after.seq or not after.fits(rows[0]["link"]):
                return Tail(forked=True)
            prevlink = rows[0]["link"]
            rows = rows[1:]
        events = []
        for row in rows[:limit]:
            events.append(to_event(row, prevlink))
            prevlink = row["link"]
        more = len(rows) > limit
        self._keep(show_id, events, complete=not more)
        return Tail(events, more=more)

    def _keep(self, show_id: int, events: list[FeedEvent], *, complete: bool) -> None:
        """Puts the events into the show's ring, if they reach its end; a ring has no gap."""
        if not events or not complete:
            return
        ring = self._rings.get(show_id)
        if ring and ring[-1].seq + 1 >= events[0].seq and self._continues(ring, events):
            ring.extend(event for event in events if event.seq > ring[-1].seq)
        else:
            self._rings[show_id] = ring = deque(events, RING_EVENTS)
        self._last_seqs[show_id] = max(self._last_seqs.get(show_id, 0), ring[-1].seq)
        self._rings.move_to_end(show_id)
        while len(self._rings) > RINGS_MAX:
            old, _ = self._rings.popitem(last=False)
            self._last_seqs.pop(old, None)

    def _continues(self, ring: deque[FeedEvent], events: list[FeedEvent]) -> bool:
        """Whether the events follow those of the ring in one history."""
        new = [event for event in events if event.seq == ring[-1].seq + 1]
        return not new or new[0].prevlink == ring[-1].link
