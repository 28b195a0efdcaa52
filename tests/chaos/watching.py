"""A watcher of live seats, which comes back to any server with its position, and notes what must not be."""

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

from tests.support.http.viewers import Viewer, viewed

UNKNOWN: Final = "no-position"
"""What is no position: it must be answered with ``reset`` and a snapshot."""

UNKNOWN_SHARE: Final = 0.1
"""How often a watcher comes with that, or with nothing at all."""

STAYS_MAX_S: Final = 2.0
"""Longest stay on a connection, in seconds; then the watcher leaves, as telephones do."""

DEAF_MAX_S: Final = 1.5
"""Longest time for which a slow watcher does not read, in seconds."""

DEAF_BYTES: Final = 4_096
"""Bytes that the system keeps for a slow watcher: few, so that the server notices."""


class Watcher:
    """A client of one show. ``seen``: each state that it had, by number of the event. ``broken``: sentences.

    ``slow``: it does not read for a time after it came. ``beside``: large shows that it asks for, too.
    """

    def __init__(
        self,
        chance: random.Random,
        urls: Sequence[str],
        show_id: int,
        beside: Sequence[int] = (),
        *,
        slow: bool = False,
    ) -> None:
        self.show_id: Final = show_id
        self.seq = 0
        self.map: list[int] = []
        self.seen: Final[set[tuple[int, bytes]]] = set()
        self.broken: Final[list[str]] = []
        self.resumed = 0
        self.reset = 0
        self._position = ""
        self._chance: Final = chance
        self._urls: Final = urls
        self._beside: Final = beside
        self._slow: Final = slow

    async def watch(self) -> None:
        """Watches until it is cancelled."""
        while True:
            with suppress(OSError, EOFError, ValueError):  # killed servers break off anywhere
                await self._visit()
            await asyncio.sleep(self._chance.uniform(0.01, 0.1))  # a client waits before it comes back

    async def _visit(self) -> None:
        asked = self._asked()
        buffer = DEAF_BYTES if self._slow else None
        async with viewed(self._chance.choice(self._urls), self._path(), buffer, **asked) as view:
            if view.status == 200:
                view.show_id = self.show_id if self._beside else 0
                view.map, view.seq, view.id = list(self.map), self.seq, self._position
                await self._be_deaf(view)
                await self._listen(view)

    def _asked(self) -> dict[str, str]:
        """The position with which it comes. A client that has none has forgotten its map."""
        if self._position and self._chance.random() > UNKNOWN_SHARE:
            self.resumed += 1
            return {"Last-Event-ID": self._position}
        self.map, self.seq, self._position = [], 0, ""
        return self._chance.choice(({}, {"Last-Event-ID": UNKNOWN}))

    def _path(self) -> str:
        if not self._beside:
            return f"/api/shows/{self.show_id}/live"
        return f"/api/live?shows={','.join(map(str, (self.show_id, *self._beside)))}"

    async def _be_deaf(self, view: Viewer) -> None:
        if self._slow:
            view.transport.pause_reading()
            await asyncio.sleep(self._chance.uniform(0, DEAF_MAX_S))
            view.transport.resume_reading()

    async def _listen(self, view: Viewer) -> None:
        """Takes what comes for some time. A client that hears nothing at all waits longer, and says so."""
        ends_at = asyncio.get_running_loop().time() + self._chance.uniform(0, STAYS_MAX_S)
        resumed, last, heard = bool(self.seq), 0, False
        while not heard or asyncio.get_running_loop().time() < ends_at:
            before = view.seq
            try:
                name, told = await view.next()
            except AssertionError as error:
                self.broken.append(f"show {self.show_id}: after event {before}: {error}")
                return
            if told.get("show_id") != self.show_id:
                continue
            heard = True
            self._check(name, told, before, last, resumed=resumed)
            resumed = resumed and name != "reset"
            last = told.get("seq", last)
            self._take(view)

    def _check(self, name: str, told: dict[str, Any], before: int, last: int, *, resumed: bool) -> None:
        if name == "reset":
            self.reset += 1
            if resumed:
                self._breaks(f"position {self._position} of its history was answered with reset")
        elif name in ("snapshot", "seats") and told["seq"] < last:
            self._breaks(f"a frame of event {told['seq']} came after one of event {last}")
        elif name == "snapshot" and resumed and told["seq"] < before:
            self._breaks(f"a snapshot went back from event {before} to {told['seq']}")

    def _breaks(self, text: str) -> None:
        self.broken.append(f"show {self.show_id}: {text}")

    def _take(self, view: Viewer) -> None:
        self.seq, self.map = view.seq, list(view.map)
        self.seen.add((view.seq, bytes(view.map)))
        named = [part for part in view.id.split(",") if part.startswith(f"{self.show_id}-")]
        self._position = (named[0] if named else "") if self._beside else view.id


def untrue(watchers: Sequence[Watcher], truth: Callable[[int], Sequence[bytes]]) -> list[str]:
    """States that watchers had and that never were. ``truth``: states of a show by number of the event."""
    return [
        f"show {watcher.show_id}: a watcher's map at event {seq} is not what the events say"
        for watcher in watchers
        for seq, state in sorted(watcher.seen)
        if seq and (seq >= len(truth(watcher.show_id)) or truth(watcher.show_id)[seq] != state)
    ]
