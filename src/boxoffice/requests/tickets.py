"""Tickets: the names of bookings that wait. A ticket carries its show, so a read of it is a read of one show.

A ticket of a queue is made without asking the database, so it must answer two questions by itself. Which
ticket did an earlier try with the same key get? Its id is made of the caller, the key and what is asked. Was
it really given, and to this caller? It bears a signature.
"""

import hmac
import os
import re
import time
from typing import Final, NamedTuple
from uuid import UUID

from boxoffice.vocabulary import limits

_FORM: Final = re.compile(r"r_([1-9][0-9]{0,8})_([0-9a-f]{32})(?:_([0-9a-f]{32}))?", re.ASCII)
_SIGN_BYTES: Final = 16
"""Bytes of a signature: more than anybody can guess by asking."""

TICKET_PATTERN: Final = r"^r_[1-9][0-9]{0,8}_[0-9a-f]{32}(_[0-9a-f]{32})?$"
"""The form of a ticket, for the description of the API."""


class Ticket(NamedTuple):
    """A booking that waits, or has waited. ``sign``: the signature of a ticket of a queue, else empty."""

    show_id: int
    id: UUID
    sign: str = ""

    def __str__(self) -> str:
        end = f"_{self.sign}" if self.sign else ""
        return f"r_{self.show_id}_{self.id.hex}{end}"


def ticket_of(text: str) -> Ticket | None:
    """The ticket that this text names; None: the text has another form."""
    match = _FORM.fullmatch(text)
    if match is None or int(match[1]) > limits.SHOW_ID_MAX:
        return None
    return Ticket(int(match[1]), UUID(match[2]), match[3] or "")


def new_id() -> UUID:
    """A new id (UUID of version 7): the time, and chance. Rows of one time lie together."""
    now = time.time_ns() // 1_000_000
    number = now << 80 | int.from_bytes(os.urandom(10))
    return UUID(int=number & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62)


class Signer:
    """Makes the ids of a queue's tickets, and signs them: the same in every instance with this secret."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def ticket(self, show_id: int, actor: str, key_hash: bytes, fingerprint: bytes) -> Ticket:
        """The ticket for this request of this caller: the same each time."""
        digest = self._digest(b"ticket", b"%d" % show_id, actor.encode(), key_hash, fingerprint)
        return self.signed(show_id, UUID(bytes=digest[:16]), actor)

    def signed(self, show_id: int, ticket_id: UUID, actor: str) -> Ticket:
        """The ticket with this id, as this caller has it."""
        return Ticket(show_id, ticket_id, self._sign(show_id, ticket_id, actor))

    def vouches(self, ticket: Ticket, actor: str) -> bool:
        """Whether this ticket was given to this caller."""
        return hmac.compare_digest(ticket.sign, self._sign(ticket.show_id, ticket.id, actor))

    def _sign(self, show_id: int, ticket_id: UUID, actor: str) -> str:
        return self._digest(b"sign", b"%d" % show_id, ticket_id.bytes, actor.encode())[:_SIGN_BYTES].hex()

    def _digest(self, *parts: bytes) -> bytes:
        told = b"".join(len(part).to_bytes(4) + part for part in parts)
        return hmac.digest(self._secret, told, "sha256")
