"""Answers that are kept for a moment, and when one must be loaded anew."""

import asyncio
from typing import Final, NamedTuple

from litestar.types import Message

KEPT_S: Final = 0.2
"""Seconds that an answer may be old. Nobody sees it, and all who poll a show cost five queries a second."""

FRESH_LOADS_MAX: Final = 10.0
"""Loads beyond those, one after another, of an answer that this process itself has made old: a buyer who
books and looks sees the booking."""

FRESH_LOADS_PER_S: Final = 2.0
"""Loads a second by which that stock grows again: a storm of bookings costs the database next to nothing."""

KEPT_BYTES_MAX: Final = 32 * 1024 * 1024
"""Bytes of all kept answers together; the oldest go first."""

_ENTRY_BYTES: Final = 2_000  # what an answer takes beside its body, roughly


class Question(NamedTuple):
    """What an answer depends on."""

    path: str
    query: bytes
    zipped: bool
    origin: bytes


class KeptAnswer:
    """An answer that is being loaded, or was.

    ``loaded_at`` is when the load began, by the event loop's time. ``fresh_loads`` is the stock, as of then,
    of loads that may follow before the answer is ``KEPT_S`` old.
    """

    def __init__(self, loaded_at: float, fresh_loads: float = FRESH_LOADS_MAX) -> None:
        self.loaded_at: Final = loaded_at
        self.fresh_loads: Final = fresh_loads
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""
        self.template = ""
        self.load: asyncio.Task[None]

    async def take(self, message: Message) -> None:
        """Receives the answer, as a server would."""
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message["headers"])
        elif message["type"] == "http.response.body":
            self.body += message["body"]

    async def loaded(self) -> None:
        """Waits for the load. A client that leaves does not end it: others wait, too."""
        await asyncio.shield(self.load)

    @property
    def size(self) -> int:
        """The bytes that it takes of ``KEPT_BYTES_MAX``, roughly."""
        return len(self.body) + _ENTRY_BYTES

    def header(self, wanted: bytes) -> str:
        """A header of the answer; empty if it has none."""
        return next((value.decode() for name, value in self.headers if name.lower() == wanted), "")


def fresh_loads_of_next(kept: KeptAnswer, now: float, *, changed: bool) -> float | None:
    """The stock of the load that must follow now; None if the kept answer is still good.

    ``changed``: this process has changed the show since the answer was asked for.
    """
    age_s = now - kept.loaded_at
    stock = min(kept.fresh_loads + age_s * FRESH_LOADS_PER_S, FRESH_LOADS_MAX)
    if age_s > KEPT_S:
        return stock
    return stock - 1 if changed and stock >= 1 else None


class KeptAnswers:
    """The answers by question, the oldest first."""

    def __init__(self) -> None:
        self._answers: dict[Question, KeptAnswer] = {}

    def get(self, question: Question) -> KeptAnswer | None:
        """The answer, which may still be loading."""
        return self._answers.get(question)

    def put(self, question: Question, answer: KeptAnswer) -> None:
        """Lets those who ask from now on wait for this answer."""
        self._answers[question] = answer

    def settle(self, question: Question, answer: KeptAnswer) -> None:
        """Keeps a loaded answer if it is a success; lets the oldest go if there are too many."""
        self._answers.pop(question, None)
        if answer.status != 200:
            return
        self._answers[question] = answer  # the youngest stands last
        bytes_kept = sum(kept.size + len(its.origin) for its, kept in self._answers.items())
        while bytes_kept > KEPT_BYTES_MAX:
            oldest = next(iter(self._answers))
            bytes_kept -= self._answers.pop(oldest).size + len(oldest.origin)
