"""A booking that need not be decided at once: the wish of the client, and the part that grants it.

``Prefer: respond-async, wait=5`` (RFC 7240) says: answer within five seconds if you can, else tell me where
to ask. The core knows only this file; the domain of requests puts its ``Deferral`` into the services.
"""

import re
from typing import Any, Final, NamedTuple, Protocol

from boxoffice.vocabulary.commands import Command
from boxoffice.vocabulary.faults import Overloaded
from boxoffice.web.http.raw_answers import RawAnswer

HINT: Final = "Prefer: respond-async"
"""What a client may send that was told that a lane is full."""

_WAIT: Final = re.compile(r'wait[ \t]*=[ \t]*"?([0-9]{1,5})"?', re.ASCII | re.IGNORECASE)


class Wish(NamedTuple):
    """What a client prefers. ``wait_s``: for how long it would wait for the answer itself."""

    wait_s: int

    @property
    def applied(self) -> str:
        """As the header Preference-Applied says it."""
        return f"respond-async, wait={self.wait_s}" if self.wait_s else "respond-async"


class Deferral(Protocol):
    """The part of the program that takes bookings for later."""

    @property
    def accepts(self) -> bool:
        """Whether tickets are given now."""
        ...

    async def book(self, command: Any, wish: Wish) -> RawAnswer:
        """The answer: of the booking if it was decided in time, or else of the ticket. Raises a ``Fault``."""
        ...


def wish_of(prefer: bytes | None) -> Wish | None:
    """The wish in the header Prefer; None: the client wants the answer. Other preferences are not known here,
    and one that cannot be read is as if it were not there.
    """
    if prefer is None:
        return None
    told = [part.partition(";")[0].strip() for part in prefer.decode("latin-1").split(",")]
    if all(part.lower() != "respond-async" for part in told):
        return None
    waits = [int(match[1]) for part in told if (match := _WAIT.fullmatch(part))]
    return Wish(waits[0] if waits else 0)


async def deferred(
    deferral: Deferral | None, prefer: bytes | None, command: Command[Any]
) -> RawAnswer | None:
    """The answer to a booking that need not be decided at once; None: it is to be decided now."""
    if deferral is None or not deferral.accepts or (wish := wish_of(prefer)) is None:
        return None
    return await deferral.book(command, wish)


def hinted(deferral: Deferral | None, prefer: bytes | None, error: Exception) -> Exception:
    """The fault of a full lane, with the hint that a ticket can be had; none for who has asked for one."""
    may_hint = deferral is not None and deferral.accepts and wish_of(prefer) is None
    if isinstance(error, Overloaded) and may_hint:
        error.hint = HINT
    return error
