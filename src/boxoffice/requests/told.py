"""What a caller is told in the end: exactly what the call had been told that waits for its answer."""

from contextvars import copy_context
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct

from boxoffice.requests.tickets import Ticket
from boxoffice.telemetry.requests import LogIds, begin_request
from boxoffice.vocabulary.outcomes import BookingDone, Outcome, RefusalCode, Refused
from boxoffice.vocabulary.views import BookingRequest, RequestAnswer
from boxoffice.web.api.bookings import BOOK
from boxoffice.web.http.problems import MEDIA_TYPE, Problems
from boxoffice.web.http.raw_answers import RawAnswer, encode, raw_headers
from boxoffice.web.http.troubles import Trouble, of_refused

_JSON: Final = "application/json"


class Told(Struct, frozen=True):
    """The answer to one ticket, as ``answer_requests`` writes it. ``actor``: who asked, as the row
    says already.
    """

    show_id: int
    ticket_id: UUID
    actor: str
    state: Literal["done", "expired", "withdrawn"]
    status: int | None = None
    headers: dict[str, str] | None = None
    answer: str | None = None
    booking_id: int | None = None


def told(problems: Problems, row: asyncpg.Record, outcome: Outcome) -> Told:
    """What is told of the outcome of this row's command.

    A booking that came too late was not made by this request, but by another one with the same key.
    """
    named = row["show_id"], row["ticket_id"], row["actor"]
    if isinstance(outcome, BookingDone) and outcome.booking.created_at < row["answer_by"]:
        success = BOOK.answer(outcome)
        body = encode(success.envelope).decode()
        return Told(*named, "done", success.status, dict(success.headers), body, outcome.booking.id)
    if not isinstance(outcome, Refused) or outcome.code == RefusalCode.TOO_LATE:
        return Told(*named, "expired")
    trouble = of_refused(outcome)
    problem = copy_context().run(_worded, problems, trouble, row["request_id"])
    return Told(*named, "done", problem.status, dict(trouble.headers), problem.body.decode())


def _worded(problems: Problems, trouble: Trouble, request_id: str) -> RawAnswer:
    begin_request(LogIds(request_id, ""))
    return problems.raw(trouble)


def raw_answer(row: asyncpg.Record, *, again: bool) -> RawAnswer:
    """The answer of a row that is done, as the call had been told. ``again``: it was told before."""
    kind = _JSON if row["status"] < 400 else MEDIA_TYPE
    headers = raw_headers(
        {"Content-Type": kind, **_headers(row), **({"Idempotency-Replayed": "true"} if again else {})}
    )
    return RawAnswer(row["status"], headers, row["answer"].encode())


def view_of(ticket: Ticket, row: asyncpg.Record, ahead: int | None) -> BookingRequest:
    """The request as its caller reads it."""
    answer = None
    if row["state"] == "done":
        answer = RequestAnswer(row["status"], _headers(row), msgspec.json.decode(row["answer"]))
    return BookingRequest(
        ticket=str(ticket),
        show_id=ticket.show_id,
        state=row["state"],
        ahead=ahead,
        asked_at=row["asked_at"],
        answer_by=row["answer_by"],
        answered_at=row["answered_at"],
        answer=answer,
    )


def waiting_view(
    ticket: Ticket,
    *,
    ahead: int | None = None,
    asked_at: datetime | None = None,
    answer_by: datetime | None = None,
) -> BookingRequest:
    """A request that waits, of which the database was not asked."""
    return BookingRequest(
        ticket=str(ticket),
        show_id=ticket.show_id,
        state="queued",
        ahead=ahead,
        asked_at=asked_at,
        answer_by=answer_by,
    )


def _headers(row: asyncpg.Record) -> dict[str, str]:
    headers: dict[str, str] = msgspec.json.decode(row["headers"]) if row["headers"] else {}
    return headers
