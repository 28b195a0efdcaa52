"""A booking that is asked for by ticket, as it goes to the database and to a queue: plain JSON.

What was judged of the caller (whether the caller may, for whom, under which caps) is part of the command, so
nobody judges it again. The idempotency key itself goes nowhere, only its hash.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from boxoffice.engine.encoding import fingerprint, kept_key, key_hash
from boxoffice.requests.tickets import Ticket
from boxoffice.vocabulary.commands import BookSeats


class Asked(Struct, frozen=True):
    """One request. ``asked_at`` None: it is asked when it arrives at the database, by the database's clock.

    ``answer_seconds``: for how long from then on it may be decided.
    """

    show_id: int
    ticket_id: UUID
    actor: str
    user_id: int
    key_hash: str
    fingerprint: str
    command: dict[str, Any]
    request_id: str
    answer_seconds: float
    asked_at: datetime | None = None

    @property
    def ticket(self) -> Ticket:
        """The ticket, without a signature."""
        return Ticket(self.show_id, self.ticket_id)

    @property
    def answer_by(self) -> datetime | None:
        """The end of the request; None: the database will say."""
        return None if self.asked_at is None else self.asked_at + timedelta(seconds=self.answer_seconds)


def key_of(command: BookSeats, ticket_id: UUID) -> str:
    """The key under which the command runs: the caller's own, or else one of the ticket."""
    return command.idempotency_key or f"request:{ticket_id}"


def print_of(command: BookSeats) -> bytes:
    """The fingerprint of what is asked."""
    fields: dict[str, Any] = msgspec.to_builtins(command)
    return fingerprint(fields)


def asked(command: BookSeats, ticket_id: UUID, request_id: str, seconds: float) -> Asked:
    """The request for this command."""
    fields: dict[str, Any] = msgspec.to_builtins(command)
    digest = key_hash(command.actor, key_of(command, ticket_id))
    return Asked(
        show_id=command.show_id,
        ticket_id=ticket_id,
        actor=command.actor,
        user_id=command.user_id,
        key_hash=f"\\x{digest.hex()}",
        fingerprint=f"\\x{fingerprint(fields).hex()}",
        command={
            name: value for name, value in fields.items() if value is not None and name != "idempotency_key"
        },
        request_id=request_id,
        answer_seconds=seconds,
    )


def encoded_requests(requests: Sequence[Asked]) -> str:
    """The requests as ``take_requests`` reads them; ``no`` counts from 0."""
    numbered = [msgspec.to_builtins(request) | {"no": no} for no, request in enumerate(requests)]
    return msgspec.json.encode(numbered).decode()


def encoded_answers(answers: Sequence[Struct]) -> str:
    """The answers as ``answer_requests`` reads them."""
    return msgspec.json.encode(answers).decode()


def command_of(command: str, digest: bytes, not_after: datetime) -> BookSeats:
    """The command of a row, not to be decided from ``not_after`` on. Raises ``msgspec.ValidationError``."""
    return replace(
        msgspec.json.decode(command, type=BookSeats), idempotency_key=kept_key(digest), not_after=not_after
    )
