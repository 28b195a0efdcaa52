"""The desk: takes bookings by ticket, tells how they stand, and takes them back."""

import math
from datetime import datetime
from typing import Final, Protocol

import asyncpg
from msgspec.structs import replace

from boxoffice.database.store import Store
from boxoffice.engine.engine import BookingEngine
from boxoffice.requests import bounds, refusals
from boxoffice.requests.asked import asked, command_of
from boxoffice.requests.intake import Intake, Taken
from boxoffice.requests.tickets import Ticket, new_id
from boxoffice.requests.told import raw_answer, told, view_of, waiting_view
from boxoffice.requests.waiting import Waiting
from boxoffice.requests.worker import Worker
from boxoffice.telemetry.requests import ids_of_request
from boxoffice.vocabulary.commands import BookSeats
from boxoffice.vocabulary.faults import Fault, Overloaded
from boxoffice.vocabulary.outcomes import RefusalCode, Refused
from boxoffice.vocabulary.views import BookingRequest
from boxoffice.web.http.answers import BookingRequestAnswer
from boxoffice.web.http.deferral import Wish
from boxoffice.web.http.problems import Problems
from boxoffice.web.http.raw_answers import RawAnswer, encode, raw_headers
from boxoffice.web.http.refusals import Refusal
from boxoffice.web.http.troubles import Trouble

TAKEN: Final = "Taken for later: ask at Location"


class Queue(Protocol):
    """Where requests wait that the database has not seen yet."""

    async def publish(self, command: BookSeats, request_id: str, seconds: float) -> Taken:
        """The ticket, when the request is safe. Raises a ``Fault``."""
        ...

    def vouches(self, ticket: Ticket, actor: str) -> bool:
        """Whether this ticket was given to this caller."""
        ...


class Desk:
    """Everything that the operations ask. ``queue`` None: requests wait in the database."""

    def __init__(
        self,
        store: Store,
        engine: BookingEngine,
        problems: Problems,
        *,
        intake: Intake,
        worker: Worker,
        waiting: Waiting,
        seconds: float,
        accepts: bool,
        queue: Queue | None = None,
    ) -> None:
        self._store = store
        self._engine = engine
        self._problems = problems
        self._intake = intake
        self._worker = worker
        self._waiting = waiting
        self._seconds = seconds
        self._queue = queue
        self.accepts: Final = accepts

    async def book(self, command: BookSeats, wish: Wish) -> RawAnswer:
        """The answer of the booking if it was decided within the wish, or else that of the ticket."""
        wait_s = min(float(wish.wait_s), bounds.WAIT_MAX_S)
        taken = await self._take(command)
        if taken.fate == "reused":
            raise Refusal(Refused(RefusalCode.IDEMPOTENCY_KEY_REUSED))
        if taken.fate == "full":
            raise Overloaded(f"{bounds.QUEUED_IN_SHOW_MAX} requests wait in this show already")
        row = None
        if wait_s or taken.fate == "known":
            await self._waiting.wait(taken.ticket, wait_s)
            row = await self._row_if_there(taken.ticket)
        applied = (b"preference-applied", wish.applied.encode())
        if row is None or row["state"] == "queued":
            view = waiting_view(
                taken.ticket, ahead=taken.ahead, asked_at=taken.asked_at, answer_by=taken.answer_by
            )
            return _accepted(view, applied)
        answer = self._decided(row, again=taken.fate == "known")
        answer.headers.append(applied)
        return answer

    async def read(self, ticket: Ticket, actor: str, *, staff: bool, wait_s: float = 0.0) -> BookingRequest:
        """The request, after up to ``wait_s`` seconds if it waits. Raises ``Refusal`` for a stranger."""
        row = await self._row_for(ticket, actor, staff=staff)
        if wait_s > 0 and (row is None or row["state"] == "queued"):
            await self._waiting.wait(ticket, min(wait_s, bounds.WAIT_MAX_S))
            row = await self._row_for(ticket, actor, staff=staff)
        if row is None:
            return waiting_view(ticket)
        return view_of(ticket, row, await self._ahead(row))

    async def withdraw(self, ticket: Ticket, actor: str, *, staff: bool) -> BookingRequest:
        """Takes the request back. Raises ``Refusal`` if it is decided, or the caller is a stranger."""
        row = await self._row_for(ticket, actor, staff=staff)
        if row is None:
            await self._store.write("withdraw_unseen", ticket.show_id, ticket.id, actor, self._seconds)
            row = await self._row_for(ticket, actor, staff=staff)
        if row is not None and row["state"] == "queued":
            await self._decide_against(row)
            row = await self._row_for(ticket, actor, staff=staff)
        if row is None or row["state"] != "withdrawn":
            state = "queued" if row is None else row["state"]
            raise Refusal(Refused(refusals.REQUEST_DECIDED, {"state": state}))
        return view_of(ticket, row, 0)

    async def _take(self, command: BookSeats) -> Taken:
        ids = ids_of_request()
        request_id = "" if ids is None else ids.request_id
        if self._queue is not None:
            return await self._queue.publish(command, request_id, self._seconds)
        return await self._intake.take(asked(command, new_id(), request_id, self._seconds))

    async def _decide_against(self, row: asyncpg.Record) -> None:
        """Decides the request as one that is too late, unless it was decided before; writes what is told."""
        outcome = await self._engine.execute(command_of(row["command"], row["key_hash"], bounds.DAWN))
        answer = told(self._problems, row, outcome)
        if answer.state == "expired":
            answer = replace(answer, state="withdrawn")
        await self._worker.answer([answer])

    def _decided(self, row: asyncpg.Record, *, again: bool) -> RawAnswer:
        """The answer of a request that waits no more."""
        if row["state"] == "done":
            return raw_answer(row, again=again)
        if row["state"] == "withdrawn":
            return self._problems.raw(Trouble(refusals.REQUEST_WITHDRAWN))
        return self._problems.raw(Trouble(RefusalCode.TOO_LATE, {"answer_by": _text(row["answer_by"])}))

    async def _row_if_there(self, ticket: Ticket) -> asyncpg.Record | None:
        """The row; None also if the database is away and the ticket is safe in a queue."""
        try:
            rows = await self._store.read("requests", [ticket.show_id], [ticket.id])
        except Fault:
            if not ticket.sign:
                raise
            return None
        return rows[0] if rows else None

    async def _row_for(self, ticket: Ticket, actor: str, *, staff: bool) -> asyncpg.Record | None:
        """The row that this caller may see; None: the request waits in the queue. Raises ``Refusal``."""
        row = await self._row_if_there(ticket)
        if row is not None and (staff or row["actor"] == actor):
            return row
        if row is None and self._queue is not None and self._queue.vouches(ticket, actor):
            return None
        raise Refusal(Refused(refusals.REQUEST_NOT_FOUND))

    async def _ahead(self, row: asyncpg.Record) -> int:
        if row["state"] != "queued":
            return 0
        [found] = await self._store.read(
            "requests_ahead", row["show_id"], row["position"], bounds.QUEUED_IN_SHOW_MAX
        )
        ahead: int = found["ahead"]
        return ahead


def retry_after(view: BookingRequest) -> dict[str, str]:
    """When the caller may well ask again; nothing if there is no more to come."""
    return {"Retry-After": str(math.ceil(bounds.RETRY_AFTER_S))} if view.state == "queued" else {}


def _accepted(view: BookingRequest, *headers: tuple[bytes, bytes]) -> RawAnswer:
    told_headers = {
        "Content-Type": "application/json",
        "Location": f"/api/requests/{view.ticket}",
        **retry_after(view),
    }
    body = encode(BookingRequestAnswer(data=view, message=TAKEN))
    return RawAnswer(202, [*raw_headers(told_headers), *headers], body)


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
