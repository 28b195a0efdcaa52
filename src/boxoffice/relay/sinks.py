"""What a broker is for the relay: a place that takes messages and acknowledges them."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple, Protocol, TypeVar

from boxoffice.feed.envelopes import type_of
from boxoffice.feed.events import FeedEvent, Position, parse_id

PUBLISH_MAX_S: Final = 5.0
"""Seconds in which a broker must have acknowledged a batch. A broker that takes messages and never answers
would else stop the relay for ever. Shorter than a lease: a batch ends under the lease that it began with."""

CONNECT_MAX_S: Final = 5.0
"""Seconds in which a connection must stand, with what is declared on it."""

CLOSE_MAX_S: Final = 1.0
"""Seconds that the end of a connection may take; then the connection is dropped."""

KNOWN_SHOWS_MAX: Final = 20_000
"""Shows whose last message in the broker is remembered, some 3 MB: others are read back when they come."""

REWOUND: Final = "rewound"
"""The kind of the notice that the history of a show does not continue what the broker has."""


class Message(NamedTuple):
    """One event as brokers get it. ``position`` is None for the notice of a fork, which is no event.

    ``prevlink`` is the link of the event before. ``kind`` is the event's, ``type`` that of CloudEvents.
    """

    show_id: int
    kind: str
    id: str
    type: str
    body: bytes
    position: Position | None
    prevlink: bytes

    @property
    def seq(self) -> int:
        """The number of the event; 0 for a notice."""
        return 0 if self.position is None else self.position.seq

    def continues(self, last: Position) -> bool:
        """Whether the message is the next one after ``last`` in one history."""
        return self.seq == last.seq + 1 and last.fits(self.prevlink)


def message_of(event: FeedEvent, body: bytes) -> Message:
    """The message of an event."""
    return Message(event.show_id, event.kind, event.id, type_of(event), body, event.position, event.prevlink)


class SinkAway(ConnectionError):
    """The broker did not acknowledge all messages. The message is a word or a line for the log."""


class SinkRefused(SinkAway):
    """The broker answers, and refuses what the relay needs. Only its operator can change that."""


class Forked(Exception):
    """The broker has an event of the show that is not in the show's history."""

    def __init__(self, show_id: int, has: Position) -> None:
        super().__init__(f"show {show_id}: the broker has {has}, which is not in the history")
        self.show_id = show_id
        self.has = has


class Sink(Protocol):
    """A connection to a broker. After an error it is closed, and another one is made."""

    async def publish(self, messages: Sequence[Message]) -> int:
        """Returns when the broker has acknowledged all messages; the number is how many it had already.

        Raises ``SinkAway``, ``Forked`` or an error of the broker's client. One call is under way at a time.
        """
        ...

    async def close(self) -> None:
        """End the connection."""
        ...


class Broker(Protocol):
    """How connections to a broker are made. ``errors`` are those of its client that mean: not delivered."""

    errors: tuple[type[Exception], ...]

    async def connect(self) -> Sink:
        """A connection on which the declared topology stands. Raises ``SinkRefused`` or one of ``errors``."""
        ...


Fits = Callable[[int, Position], Awaitable[bool]]
"""Whether a show's history has an event: what brokers that can be read back are asked against."""


def by_show(messages: Sequence[Message]) -> dict[int, list[Message]]:
    """The messages of each show, in their order."""
    found: dict[int, list[Message]] = {}
    for message in messages:
        found.setdefault(message.show_id, []).append(message)
    return found


async def not_yet_there(messages: list[Message], last_id: str, fits: Fits) -> list[Message]:
    """The messages of a show that come after the last one in the broker, which has the id ``last_id``.

    Another id than that of an event, such as that of a notice, says nothing: then the cursor is right. Raises
    ``Forked`` if the broker's last event is not in the history.
    """
    if last_id == messages[0].id:
        return messages[1:]
    known = parse_id(last_id)
    if known is None or messages[0].position is None:
        return messages
    show_id, last = known
    if not (messages[0].continues(last) or await fits(show_id, last)):
        raise Forked(show_id, last)
    return [message for message in messages if message.position is None or message.seq > last.seq]


K = TypeVar("K")
V = TypeVar("V")


class Known(dict[K, V]):
    """A dictionary that forgets its oldest entry when it has ``KNOWN_SHOWS_MAX``."""

    def put(self, key: K, value: V) -> None:
        """Keep the value as the newest entry."""
        self.pop(key, None)
        if len(self) >= KNOWN_SHOWS_MAX:
            del self[next(iter(self))]
        self[key] = value
