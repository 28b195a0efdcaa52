"""Notices: an event for each ticket that is answered, for whoever has bound a queue in RabbitMQ.

A notice is sent once, after the answer was committed, by the process that wrote the answer. If the process or
the broker dies before it is sent, the notice is lost. The answer is not: the ticket has it. So a reader that
has heard nothing by ``answer_by`` asks for the ticket. Notices tell nothing about persons: who may know more
asks for the ticket, too.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog
from msgspec import Struct

from boxoffice.feed.envelopes import encode
from boxoffice.requests import bounds, meters
from boxoffice.requests.tickets import Signer
from boxoffice.requests.told import Told

log = structlog.get_logger(__name__)


class Notice(Struct, frozen=True):
    """One notice, as it goes to the broker. ``ticket``: as its caller has it."""

    ticket: str
    type: str
    routing_key: str
    body: bytes


Send = Callable[[Notice], Awaitable[None]]
"""Sends a notice, and returns when the broker has confirmed it."""


class Notices:
    """The notices of a process that wait to be sent. ``source``: the name of this installation in events."""

    def __init__(self, source: str, signer: Signer) -> None:
        self._source = source
        self._signer = signer
        self._waiting: asyncio.Queue[Notice] = asyncio.Queue(bounds.NOTICES_MAX)

    def tell(self, answers: Iterable[Told]) -> None:
        """Has these answers told. They must be committed, and told by nobody else."""
        now = datetime.now(UTC)
        for answer in answers:
            try:
                self._waiting.put_nowait(self._notice(answer, now))
            except asyncio.QueueFull:
                meters.NOTICES.labels("lost").inc()

    async def send_all(self, send: Send) -> None:
        """Sends what waits and what comes, until it is cancelled. What fails is lost, and not sent again."""
        while True:
            notices = [await self._waiting.get()]
            while not self._waiting.empty() and len(notices) < bounds.NOTICES_AT_ONCE:
                notices.append(self._waiting.get_nowait())
            try:
                results = await asyncio.gather(*map(send, notices), return_exceptions=True)
            finally:
                for _ in notices:
                    self._waiting.task_done()
            _count(results)

    async def settle(self) -> None:
        """Returns when all that waits was sent, or after a moment."""
        try:
            async with asyncio.timeout(bounds.SETTLE_MAX_S):
                await self._waiting.join()
        except TimeoutError:
            log.warning("notices are lost", count=self._waiting.qsize())

    def _notice(self, told: Told, now: datetime) -> Notice:
        ticket = str(self._signer.signed(told.show_id, told.ticket_id, told.actor))
        kind = f"boxoffice.request.{told.state}.v1"
        envelope = {
            "specversion": "1.0",
            "id": ticket,
            "source": self._source,
            "type": kind,
            "subject": f"requests/{ticket}",
            "time": now,
            "datacontenttype": "application/json",
            "partitionkey": str(told.show_id),
            "data": _data(told, ticket),
        }
        return Notice(ticket, kind, f"show.{told.show_id}.{told.state}", encode(envelope))


def _data(told: Told, ticket: str) -> dict[str, Any]:
    """What is told of the answer: whether it is a booking or a refusal, and which."""
    code = None
    if told.answer is not None and told.booking_id is None:
        code = msgspec.json.decode(told.answer)["code"]
    return {
        "ticket": ticket,
        "show_id": told.show_id,
        "state": told.state,
        "status": told.status,
        "code": code,
        "booking_id": told.booking_id,
    }


def _count(results: Sequence[BaseException | None]) -> None:
    errors = [error for error in results if error is not None]
    meters.NOTICES.labels("confirmed").inc(len(results) - len(errors))
    meters.NOTICES.labels("lost").inc(len(errors))
    if errors:
        reason = str(errors[0]) or type(errors[0]).__name__
        log.warning("notices are lost", count=len(errors), reason=reason)
