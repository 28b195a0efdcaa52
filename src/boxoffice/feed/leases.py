"""Leases: which process sends the events of which slice of the shows.

Reading needs no election, only sending does. A duty is what several processes share, such as the relay to one
broker. Its shows are cut into 16 slices (show id % 16). A process holds the leases of its share of the slices
for a time by the database's clock, renews them, and gives them back when it stops. If the process dies, the
others take them when the time is over.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from time import monotonic
from typing import Final
from uuid import uuid4

import structlog

from boxoffice.database.store import Store
from boxoffice.feed.cursors import Lease
from boxoffice.telemetry import metrics
from boxoffice.vocabulary.faults import Fault

SLICES: Final = 16
"""Parts of the shows of a duty: as many processes can share a duty. SQL knows the number, too."""

LEASE_S: Final = 15.0
"""Seconds for which a lease lasts: after a crash others wait no longer. Two renewals may fail in between."""

RENEW_EVERY_S: Final = 5.0
"""Seconds between two renewals."""

log: Final = structlog.get_logger(__name__)


def slice_of(show_id: int) -> int:
    """The slice that a show belongs to."""
    return show_id % SLICES


class Leases:
    """The leases of one duty that this process holds; ``start`` before use, ``stop`` after.

    ``on_change`` is called when the held leases have changed. A slice that is in use (``using``) is not given
    back: another process would send its events at the same time.
    """

    def __init__(self, store: Store, duty: str, on_change: Callable[[], None] = lambda: None) -> None:
        self._store = store
        self._duty = duty
        self._holder = uuid4().hex
        self._on_change = on_change
        self._held: dict[int, Lease] = {}
        self._surplus: dict[int, Lease] = {}
        self._good_until = 0.0
        self._in_use: Counter[int] = Counter()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to take leases."""
        self._task = asyncio.create_task(self._loop(), name=f"leases-{self._duty}")

    async def stop(self) -> None:
        """Gives all leases back at once, so that another process goes on without a wait. What uses a lease
        must have ended before.
        """
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        slices = [*self._held, *self._surplus]
        self._held, self._surplus = {}, {}
        metrics.FEED_LEASES.labels(self._duty).set(0)
        with suppress(Fault):  # the leases end by themselves
            await self._store.write("give_back_leases", self._duty, self._holder, slices, True)

    @property
    def held(self) -> dict[int, Lease]:
        """The leases by slice that may be used now. Empty when they could not be renewed in time."""
        return self._held if monotonic() < self._good_until else {}

    @contextmanager
    def using(self) -> Iterator[dict[int, Lease]]:
        """The held leases, which are not given back before the block ends."""
        held = dict(self.held)
        self._in_use.update(held.keys())
        try:
            yield held
        finally:
            self._in_use.subtract(held.keys())

    async def renew(self) -> None:
        """Renews the leases, takes free ones up to this process's share, and gives the surplus back. Raises a
        ``Fault`` if the database fails.
        """
        asked_at = monotonic()
        rows = await self._store.write("take_leases", self._duty, self._holder, timedelta(seconds=LEASE_S))
        leases = {row["slice"]: Lease(self._duty, row["slice"], row["epoch"]) for row in rows}
        share = rows[0]["share"] if rows else SLICES
        kept = dict(sorted(leases.items())[:share])
        self._surplus = {number: lease for number, lease in leases.items() if number not in kept}
        changed = kept != self._held
        self._held, self._good_until = kept, asked_at + LEASE_S
        metrics.FEED_LEASES.labels(self._duty).set(len(kept))
        if changed:
            self._on_change()
        await self._give_surplus_back()

    async def _give_surplus_back(self) -> None:
        free = [number for number in self._surplus if not self._in_use[number]]
        if free:
            await self._store.write("give_back_leases", self._duty, self._holder, free, False)
            for number in free:
                del self._surplus[number]

    async def _loop(self) -> None:
        while True:
            try:
                await self.renew()
            except Fault as fault:
                log.warning("leases cannot be renewed", duty=self._duty, reason=str(fault))
            except Exception:
                log.exception("leases cannot be renewed", duty=self._duty)
            await asyncio.sleep(RENEW_EVERY_S)
