"""The intake: requests that come at once are noted in one commit, and told when they are there."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, Literal

import asyncpg
from msgspec import Struct

from boxoffice.database.store import Store
from boxoffice.engine.lanes import Lanes
from boxoffice.requests import bounds, meters
from boxoffice.requests.asked import Asked, encoded_requests
from boxoffice.requests.tickets import Ticket
from boxoffice.vocabulary.faults import Overloaded

Fate = Literal["taken", "known", "reused", "full"]

COMMITS_AT_ONCE: Final = 2
"""Commits of one process at the same time: one is written while the next one gathers."""


class Taken(Struct, frozen=True):
    """What became of a request. ``known``: it was noted before. ``reused``: its key is that of another."""

    ticket: Ticket
    fate: Fate
    ahead: int | None = 0
    asked_at: datetime | None = None
    answer_by: datetime | None = None


class Intake:
    """Notes requests. ``noted`` is called after each commit, so that the worker looks at once."""

    def __init__(self, store: Store, noted: Callable[[], None]) -> None:
        self._store = store
        self._noted = noted
        self.queued = 0
        """How many wait in all shows, as the last count says."""
        self._lanes = Lanes[Asked, Taken](
            self._run,
            bounds.INTAKE,
            workers=COMMITS_AT_ONCE,
            lane_of=lambda request: request.show_id,
            apart=lambda request: (request.show_id, request.key_hash),
        )

    async def take(self, request: Asked) -> Taken:
        """What became of the request. Raises a ``Fault``; then nothing was noted, or it will be found."""
        if self.queued >= bounds.QUEUED_MAX:
            raise Overloaded(f"{self.queued} requests are waiting already")
        return await self._lanes.submit(request)

    async def stop(self) -> None:
        """Refuses new requests, and returns when those that came are noted."""
        await self._lanes.stop()

    async def _run(self, requests: Sequence[Asked]) -> Sequence[Taken | Exception]:
        try:
            taken = await self._note(requests)
        except asyncpg.PostgresError as error:
            if len(requests) == 1:
                return [error]
            return [(await self._run([request]))[0] for request in requests]
        self._noted()
        return taken

    async def _note(self, requests: Sequence[Asked]) -> list[Taken]:
        rows = await self._store.write("take_requests", encoded_requests(requests), bounds.QUEUED_IN_SHOW_MAX)
        taken: dict[int, Taken] = {}
        for row in rows:
            request = requests[row["no"]]
            ticket_id = row["ticket_id"] or request.ticket_id
            taken[row["no"]] = Taken(
                Ticket(request.show_id, ticket_id),
                row["fate"],
                row["ahead"],
                row["asked_at"],
                row["answer_by"],
            )
        for one in taken.values():
            meters.TAKEN.labels(one.fate).inc()
        return [taken[no] for no in range(len(requests))]
