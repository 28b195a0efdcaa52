"""The bodies of events: CloudEvents 1.0 in JSON. The same event gives the same bytes at any time."""

from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Raw

from boxoffice.feed.events import FeedEvent, Position

CONTENT_TYPE: Final = "application/cloudevents+json"
BATCH_CONTENT_TYPE: Final = "application/cloudevents-batch+json"

REWOUND: Final = "boxoffice.feed.rewound.v1"
"""The type of the notice that the history of a show does not continue what the reader has."""

_SEQ_DIGITS: Final = 16
"""Digits of ``sequence``, which readers compare as text: enough for the largest number of an event."""

_encoder: Final = msgspec.json.Encoder()


def type_of(event: FeedEvent) -> str:
    """Such as ``boxoffice.booking.held.v1`` or ``boxoffice.show.created.v1``."""
    if event.booking_id is not None:
        return f"boxoffice.booking.{event.kind}.v1"
    if event.kind.startswith("show_"):
        return f"boxoffice.show.{event.kind.removeprefix('show_')}.v1"
    return f"boxoffice.seats.{event.kind}.v1"


def envelope(event: FeedEvent, source: str, *, personal: bool) -> dict[str, Any]:
    """The event as CloudEvents has it.

    ``source``: which installation tells it (``EVENT_SOURCE``). ``personal``: the reader may see whose booking
    it is, and who acted.
    """
    data: dict[str, Any] = {"show_id": event.show_id, "seq": event.seq}
    if event.booking_id is not None:
        data["booking_id"] = event.booking_id
    if personal:
        data |= {"user_id": event.user_id, "actor": event.actor}
    data |= {"seats": event.places, "details": Raw(event.details_json.encode())}
    return {
        "specversion": "1.0",
        "id": event.id,
        "source": source,
        "type": type_of(event),
        "subject": _subject(event),
        "time": event.at,
        "datacontenttype": "application/json",
        "partitionkey": str(event.show_id),
        "sequence": f"{event.seq:0{_SEQ_DIGITS}}",
        "link": event.link.hex(),
        "prevlink": event.prevlink.hex(),
        "data": data,
    }


def rewound(show_id: int, has: Position, last_seq: int, source: str, noticed_at: datetime) -> dict[str, Any]:
    """The notice that the reader's event ``has`` is not in the history of the show any more, which ends at
    ``last_seq``: the database was restored, or a standby without the last commits took over.
    """
    return {
        "specversion": "1.0",
        "id": f"{show_id}-{has}-rewound",
        "source": source,
        "type": REWOUND,
        "subject": f"shows/{show_id}",
        "time": noticed_at,
        "datacontenttype": "application/json",
        "partitionkey": str(show_id),
        "data": {"show_id": show_id, "seq": has.seq, "link": has.link.hex(), "last_seq": last_seq},
    }


def encode(body: dict[str, Any] | list[dict[str, Any]]) -> bytes:
    """An envelope, or several, as bytes."""
    return _encoder.encode(body)


def _subject(event: FeedEvent) -> str:
    return f"shows/{event.show_id}" if event.booking_id is None else f"bookings/{event.booking_id}"
