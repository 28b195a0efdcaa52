"""The messages to endpoints: which events, under which id, in which bytes."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from msgspec import Struct

from boxoffice.feed.envelopes import BATCH_CONTENT_TYPE, CONTENT_TYPE, encode, envelope, rewound
from boxoffice.feed.events import FeedEvent, Position
from boxoffice.webhooks.views import Target, UntoldFork

JSON: Final = "application/json"

TEST: Final = "boxoffice.webhook.test.v1"
"""The type of a message that tells nothing but that it arrives."""

_SEQ_DIGITS: Final = 16


class Message(Struct, frozen=True):
    """A message. The same events of the same endpoint give the same id and the same body at any time.

    ``first``: the number of its first event. ``end``: the position after its last.
    """

    id: str
    content_type: str
    body: bytes
    show_id: int = 0
    first: int = 0
    end: Position = Position(0, b"")


def of_events(target: Target, events: Sequence[FeedEvent], hole_from: int | None, source: str) -> Message:
    """One event as it is, or several as a batch.

    Each event says in ``previous`` up to where the endpoint has everything that it asked for. That is the
    event before; or ``hole_from``, if what follows that event was parked or skipped. So a hole shows by
    itself: ``sequence`` is more than one above ``previous``.
    """
    bodies: list[dict[str, Any]] = []
    for event in events:
        previous = event.seq - 1 if hole_from is None or bodies else hole_from
        told = envelope(event, source, personal=target.personal)
        bodies.append(told | {"previous": f"{previous:0{_SEQ_DIGITS}}"})
    first, last = events[0], events[-1]
    if target.mode != "batch":
        return Message(last.id, CONTENT_TYPE, encode(bodies[0]), last.show_id, first.seq, last.position)
    message_id = f"{last.show_id}-{first.seq}-{last.position}"
    return Message(message_id, BATCH_CONTENT_TYPE, encode(bodies), last.show_id, first.seq, last.position)


def hint(show_id: int, after: int, end: Position, previous: int) -> Message:
    """That a show has changed after event ``after``, up to its last event, and nothing more."""
    body = {"show_id": show_id, "seq": end.seq, "previous": previous}
    return Message(f"hint-{show_id}-{end}", JSON, encode(body), show_id, after + 1, end)


def of_fork(fork: UntoldFork, source: str) -> Message:
    """That the history of a show does not continue what the endpoint has."""
    told = rewound(fork.show_id, Position(fork.seq, fork.link), fork.last_seq, source, fork.noticed_at)
    return Message(told["id"], CONTENT_TYPE, encode(told), fork.show_id)


def of_test(endpoint_id: int, message_id: str, source: str, at: Any) -> Message:
    """A message that tells nothing."""
    told = {
        "specversion": "1.0",
        "id": message_id,
        "source": source,
        "type": TEST,
        "subject": f"webhooks/{endpoint_id}",
        "time": at,
        "datacontenttype": "application/json",
        "data": {"webhook_id": endpoint_id},
    }
    return Message(message_id, CONTENT_TYPE, encode(told))


class Piece(NamedTuple):
    """A part of a tail: the events of one message, or none; and the position after it."""

    events: list[FeedEvent]
    end: Position


def pieces(target: Target, events: Sequence[FeedEvent]) -> Iterator[Piece]:
    """The parts of a tail in order. Events that the endpoint did not ask for are passed over."""
    wanted = [event for event in events if target.kinds is None or event.kind in target.kinds]
    if target.mode == "batch" and wanted:
        yield Piece(wanted, wanted[-1].position)
    elif target.mode == "events":
        yield from (Piece([event], event.position) for event in wanted)
    if events and (not wanted or wanted[-1].seq < events[-1].seq):
        yield Piece([], events[-1].position)
