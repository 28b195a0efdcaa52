"""Events of shows, made up, with links as the database makes them: brokers cannot tell the difference."""

from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from boxoffice.feed.envelopes import encode, envelope
from boxoffice.feed.events import FeedEvent, Position
from boxoffice.relay.sinks import Message, message_of

AT: Final = datetime(2026, 11, 26, 12, tzinfo=UTC)

SOURCE: Final = "/boxoffice/test"


class History:
    """The events of each show, by number."""

    def __init__(self) -> None:
        self.shows: dict[int, list[FeedEvent]] = {}

    def grow(self, show_id: int, count: int, salt: str = "") -> list[Message]:
        """More events of a show, as messages. Another salt makes another history."""
        events = self.shows.setdefault(show_id, [])
        begin = len(events)
        for seq in range(begin + 1, begin + count + 1):
            before = events[-1].link if events else b""
            link = sha256(before + f"{show_id} {seq} {salt}".encode()).digest()
            events.append(_event(show_id, seq, link, before))
        return messages_of(events[begin:])

    def restore(self, show_id: int, seq: int) -> None:
        """The events after that number are lost, as after a restore."""
        del self.shows[show_id][seq:]

    async def fits(self, show_id: int, position: Position) -> bool:
        """Whether the history of the show has the position."""
        events = self.shows.get(show_id, [])
        return position.seq <= len(events) and position.fits(events[position.seq - 1].link)


def messages_of(events: Iterable[FeedEvent]) -> list[Message]:
    """The events as brokers get them."""
    return [message_of(event, encode(envelope(event, SOURCE, personal=False))) for event in events]


def _event(show_id: int, seq: int, link: bytes, prevlink: bytes) -> FeedEvent:
    return FeedEvent(
        show_id=show_id,
        seq=seq,
        kind="held",
        booking_id=show_id << 24 | seq,
        user_id=seq,
        places=(seq,),
        actor="web",
        at=AT,
        details_json='{"price_cents":1000}',
        link=link,
        prevlink=prevlink,
    )
