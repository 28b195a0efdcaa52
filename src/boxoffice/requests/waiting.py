"""Callers who wait for answers. This process' worker tells them at once; what another process has answered is
found by one query for all of them.
"""

import asyncio
from collections.abc import Callable, Iterable
from uuid import UUID

import structlog

from boxoffice.database.store import Store
from boxoffice.requests import bounds, meters
from boxoffice.requests.tickets import Ticket
from boxoffice.vocabulary.faults import Fault

Key = tuple[int, UUID]

log = structlog.get_logger(__name__)


class Waiting:
    """The callers who wait. ``ends`` says whether the server is about to end: then nobody waits."""

    def __init__(self, store: Store, ends: Callable[[], bool]) -> None:
        self._store = store
        self._ends = ends
        self._waiters: dict[Key, set[asyncio.Future[None]]] = {}
        self._count = 0

    async def wait(self, ticket: Ticket, seconds: float) -> None:
        """Returns when the ticket is answered, or when the time is over, or at once if too many wait."""
        if seconds <= 0 or self._count >= bounds.WAITERS_MAX or self._ends():
            return
        key = (ticket.show_id, ticket.id)
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.setdefault(key, set()).add(waiter)
        self._tell(1)
        try:
            await asyncio.wait([waiter], timeout=seconds)
        finally:
            self._drop(key, waiter)

    def answered(self, keys: Iterable[Key]) -> None:
        """Wakes those who wait for these tickets."""
        for key in keys:
            for waiter in self._waiters.get(key, ()):
                if not waiter.done():
                    waiter.set_result(None)

    async def look(self) -> None:
        """Looks every moment whether others have answered; ends all waiting when the server ends."""
        while True:
            await asyncio.sleep(bounds.POLL_EVERY_S)
            if self._ends():
                self.answered(list(self._waiters))
            elif self._waiters:
                await self._ask(list(self._waiters))

    async def _ask(self, keys: list[Key]) -> None:
        shows, tickets = [show_id for show_id, _ in keys], [ticket_id for _, ticket_id in keys]
        try:
            rows = await self._store.read("answered_tickets", shows, tickets)
        except Fault as fault:
            log.warning("answers cannot be looked for", reason=str(fault))
            return
        self.answered((row["show_id"], row["ticket_id"]) for row in rows)

    def _drop(self, key: Key, waiter: "asyncio.Future[None]") -> None:
        left = self._waiters[key]
        left.discard(waiter)
        if not left:
            del self._waiters[key]
        self._tell(-1)

    def _tell(self, more: int) -> None:
        self._count += more
        meters.WAITERS.set(self._count)
