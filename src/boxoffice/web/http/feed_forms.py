"""What is asked of the feed over HTTP, and what is answered."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from litestar.openapi.spec import Example
from litestar.params import PathParameter, QueryParameter
from msgspec import Meta, Struct

from boxoffice.feed.cursors import Consumer
from boxoffice.feed.events import Position, parse_id
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.views import Moment
from boxoffice.web.http.answers import Answer, ListAnswer, PageMeta
from boxoffice.web.http.bodies import Body
from boxoffice.web.http.invalid import invalid_field

WAIT_MAX_S: Final = 25
"""Seconds that a request may wait for news: below the half minute after which many proxies give up."""

_NAME: Final = r"^[a-z0-9][a-z0-9_-]{0,49}(?!\n)$"
PREFIX: Final = "pull:"
"""What the name of a consumer that pulls begins with."""

FeedName = Annotated[
    str,
    PathParameter(
        pattern=_NAME,
        description="The feed's name: 1 to 50 of a-z, 0-9, - and _.",
        examples=[Example(id="shop", value="shop")],
    ),
]
Wait = Annotated[
    int,
    QueryParameter(
        ge=0,
        le=WAIT_MAX_S,
        description=f"Seconds to wait for news if there is none: an integer from 0 to {WAIT_MAX_S}.",
    ),
]
Since = Annotated[
    str | None,
    QueryParameter(
        pattern=r"^[1-9][0-9]{0,18}(?!\n)$",
        description="The `meta.next_cursor` of the answer before. Without it: from now on.",
    ),
]


class ChangedShow(Struct):
    """A show that has changed: its last event, whose link begins with ``link``."""

    show_id: int
    seq: int
    link: str


class ChangedMeta(PageMeta):
    """``complete`` false: any show may have changed, because the answer before was too long ago."""

    complete: bool


class ChangedShowsAnswer(Answer[list[ChangedShow]], kw_only=True):
    """Shows that have changed. ``next_cursor``: what to ask for next, at any time."""

    meta: ChangedMeta


class Feed(Struct):
    """A consumer that pulls, and how far it is behind."""

    name: str
    show_ids: list[int] | None
    personal: bool
    created_at: Moment
    shows_behind: int
    events_behind: int
    oldest_at: Moment | None
    forked_shows: int


class FeedAnswer(Answer[Feed]):
    """A feed."""


class FeedListAnswer(ListAnswer[Feed]):
    """Feeds by name."""


class FeedEventsAnswer(Answer[list[dict[str, Any]]], kw_only=True):
    """Events as CloudEvents, in order for each show; ``more``: more are waiting."""

    more: bool


class Acknowledged(Struct):
    """How many shows were acknowledged."""

    shows: int


class AcknowledgedAnswer(Answer[Acknowledged]):
    """What was acknowledged."""


_Shows = Annotated[
    list[Annotated[int, Meta(ge=1, le=limits.SHOW_ID_MAX)]],
    Meta(min_length=1, max_length=1000, description="Only these shows: 1 to 1,000 ids. Without it: all."),
]
_EventIds = Annotated[
    list[
        Annotated[
            str,
            Meta(
                pattern=r"^[1-9][0-9]{0,8}-[1-9][0-9]{0,15}-[0-9a-f]{8}(?!\n)$", examples=["7-812-9f3ac01b"]
            ),
        ]
    ],
    Meta(
        min_length=1,
        max_length=1000,
        description="Ids of events, the last one of each show: 1 to 1,000. All up to them is acknowledged.",
    ),
]


class NewFeed(Body):
    """A feed to make."""

    start: Annotated[
        Literal["now", "start"],
        Meta(description="now: what happens from now on; start: everything that ever happened."),
    ] = "now"
    show_ids: _Shows | None = None
    personal: Annotated[bool, Meta(description="Whether events tell whose booking it is, and who acted.")] = (
        False
    )


class Acknowledgement(Body):
    """Events that were received."""

    events: _EventIds

    def positions(self) -> list[tuple[int, Position]]:
        """The shows and positions of the events. Raises ``InvalidInput``."""
        return [_position(text) for text in self.events]


def _position(text: str) -> tuple[int, Position]:
    parsed = parse_id(text)
    if parsed is None:
        raise invalid_field("events", "ids of events, as they were given", f"{text} is not one")
    return parsed


CREATE: Final = [Example(id="shop", summary="From the start", value={"start": "start"})]
ACK: Final = [Example(id="last", summary="Up to this event", value={"events": ["1-1-00000000"]})]
_NOW: Final = datetime(2030, 12, 11, 10, 30, tzinfo=UTC)
FEED: Final = Feed("shop", None, False, _NOW, 1, 3, _NOW, 0)
EVENT: Final[dict[str, Any]] = {
    "specversion": "1.0",
    "id": "7-812-9f3ac01b",
    "source": "urn:boxoffice",
    "type": "boxoffice.booking.held.v1",
    "subject": "bookings/117440518",
    "data": {"show_id": 7, "seq": 812, "booking_id": 117440518, "seats": [4, 5], "details": {}},
}


def to_feed(consumer: Consumer) -> Feed:
    """The consumer as the API tells it."""
    return Feed(
        name=consumer.consumer.removeprefix(PREFIX),
        show_ids=consumer.show_ids,
        personal=consumer.personal,
        created_at=consumer.born_at,
        shows_behind=consumer.shows_behind,
        events_behind=consumer.events_behind,
        oldest_at=consumer.oldest_at,
        forked_shows=consumer.forked_shows,
    )
