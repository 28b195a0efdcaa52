"""Answers to reads that are kept for a moment, and the rule when an answer must be loaded again."""

import asyncio
from typing import Final, NamedTuple

from litestar.types import Message

from boxoffice.telemetry.requests import ids_of_request
from boxoffice.web.http.shared_cache import Found
from boxoffice.web.http.troubles import Trouble

KEPT_S: Final = 0.2
"""Seconds for which an answer is kept, too few for a person to notice. All clients that poll one show cost
five queries a second together."""

FRESH_LOADS_MAX: Final = 10.0
"""The largest stock of early loads of one answer. When this process has changed a show, the next request
loads the answer early, before ``KEPT_S`` is over: otherwise a buyer who books and looks would not see the
booking. Each early load takes one from the stock."""

FRESH_LOADS_PER_S: Final = 2.0
"""Early loads a second by which the stock grows again. Without this bound each booking of a storm would cost
the database a load."""

KEPT_BYTES_MAX: Final = 32 * 1024 * 1024
"""Bytes of all kept answers together; the oldest go first."""

_ENTRY_BYTES: Final = 2_000  # roughly what a kept answer takes beside its body


class Question(NamedTuple):
    """All that an answer depends on: requests with equal questions share one answer.

    ``zipped``: the client accepts gzip. ``origin``: the origin of the page that asks, if CORS allows it.
    """

    path: str
    query: bytes
    zipped: bool
    origin: bytes | None


class SharedAnswer:
    """An answer that is being loaded, or was loaded.

    ``loaded_at``: when the load began, by the event loop's time; of an answer that another instance loaded,
    not later than that load began. ``fresh_loads``: the stock of early loads at
    that time. ``loaded_for``: the request that began the load. ``trouble``: what went wrong, if the answer is
    a problem.
    """

    def __init__(self, loaded_at: float, fresh_loads: float = FRESH_LOADS_MAX) -> None:
        self.loaded_at = loaded_at
        self.fresh_loads: Final = fresh_loads
        self.loaded_for: Final = "" if (ids := ids_of_request()) is None else ids.request_id
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""
        self.template = ""
        self.trouble: Trouble | None = None
        self.load: asyncio.Task[None]

    async def take(self, message: Message) -> None:
        """Receives the answer, as a server would."""
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message["headers"])
        elif message["type"] == "http.response.body":
            self.body += message["body"]

    def take_body_of(self, earlier: "SharedAnswer") -> None:
        """Takes the body of an earlier answer that says the same. So clients that read slowly keep one body
        while the show does not change, and not one for each load.
        """
        tag = self.header(b"etag")
        if tag and self.status == earlier.status == 200 and tag == earlier.header(b"etag"):
            self.headers, self.body = earlier.headers, earlier.body

    def take_of_others(self, found: Found) -> None:
        """Takes what another instance loaded, with the age that it has."""
        self.status, self.headers, self.body = 200, found.answer.headers, found.answer.body
        self.template, self.trouble = found.answer.template, None
        self.loaded_at -= found.age_s

    async def loaded(self) -> None:
        """Waits for the load. A client that leaves does not end the load: other requests wait for it, too."""
        await asyncio.shield(self.load)

    @property
    def size(self) -> int:
        """The bytes that this answer takes of ``KEPT_BYTES_MAX``, roughly."""
        return len(self.body) + _ENTRY_BYTES

    def header(self, wanted: bytes) -> str:
        """A header of the answer; empty if the answer does not have this header."""
        return next((value.decode() for name, value in self.headers if name.lower() == wanted), "")


def fresh_loads_of_next(kept: SharedAnswer, now: float, *, changed: bool) -> float | None:
    """The stock of early loads for the load that must begin now; None: the kept answer is still good.

    ``changed``: this process has changed the show since the load of the kept answer began.
    """
    age_s = now - kept.loaded_at
    stock = min(kept.fresh_loads + age_s * FRESH_LOADS_PER_S, FRESH_LOADS_MAX)
    if age_s > KEPT_S:
        return stock
    return stock - 1 if changed and stock >= 1 else None


class KeptAnswers:
    """The answers by question, the oldest first."""

    def __init__(self) -> None:
        self._answers: dict[Question, SharedAnswer] = {}
        self._sizes: dict[Question, int] = {}  # of those that are loaded, the oldest first
        self._bytes = 0  # of these together: a sum over all would be work for each load

    def get(self, question: Question) -> SharedAnswer | None:
        """The answer, which may still be loading."""
        return self._answers.get(question)

    def put(self, question: Question, answer: SharedAnswer) -> None:
        """Gives this answer to all later requests with this question; they wait for its load."""
        self._answers[question] = answer

    def settle(self, question: Question, answer: SharedAnswer) -> None:
        """Keeps a loaded answer if it is a success; drops the oldest while all take too many bytes."""
        self._drop(question)
        if answer.status != 200:
            return
        self._answers[question] = answer
        self._sizes[question] = size = answer.size + len(question.origin or b"")
        self._bytes += size
        while self._bytes > KEPT_BYTES_MAX:
            self._drop(next(iter(self._sizes)))

    def _drop(self, question: Question) -> None:
        self._answers.pop(question, None)
        self._bytes -= self._sizes.pop(question, 0)
