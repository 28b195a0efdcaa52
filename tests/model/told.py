"""The model's questions and answers as types, and the translation of the engine's and the API's answers."""

from datetime import datetime
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec import Struct

from boxoffice.vocabulary.views import BookingStatus

T = TypeVar("T", bound="Told")


class Wish(Struct, frozen=True):
    """What a booking asks for: so many seats or exactly these, sold or held for so many seconds.

    ``not_after``: from then on it is not decided any more.
    """

    user_id: int
    seat_count: int
    seats: tuple[int, ...] | None = None
    hold: float | None = None
    reference: str | None = None
    metadata: dict[str, str] = {}
    not_after: datetime | None = None


class Told(Struct, kw_only=True, forbid_unknown_fields=True):
    """An answer, compared field by field. A field more or less is a mistake."""


class ModelBooking(Told, kw_only=True):
    """A booking as an answer must have it."""

    id: int
    user_id: int
    show_id: int
    seats_booked: int
    status: BookingStatus
    created_at: datetime
    updated_at: datetime
    seats: list[int]
    released_seats: list[int]
    expires_at: datetime | None
    reason: str | None
    retaken_from: int | None
    reference: str | None
    metadata: dict[str, str]


class ModelShow(Told, kw_only=True):
    """A show as an answer must have it."""

    id: int
    name: str
    start_time: datetime
    total_seats: int
    available_seats: int
    show_type: str
    created_at: datetime
    updated_at: datetime
    seq: int
    reference: str | None
    metadata: dict[str, str]
    live: bool


class ModelSeats(Told, kw_only=True):
    """Seats that were blocked or unblocked, as an answer must have them."""

    show_id: int
    seats: list[int]


class ModelEvent(Told, kw_only=True):
    """An event as the feed must have it. Times in its details are texts."""

    seq: int
    kind: str
    booking_id: int | None
    user_id: int | None
    seats: list[int]
    actor: str
    at: datetime
    details: dict[str, Any]


class Replayed(NamedTuple):
    """The first answer to an idempotency key, given again."""

    first: Any


def as_told(kind: type[T], given: object) -> T:
    """A view of the engine, or the JSON of an answer, as the model's type."""
    told = msgspec.convert(given, kind, from_attributes=True)
    if isinstance(told, ModelEvent):
        told.details = as_written(told.details)
    return told


def as_written(details: dict[str, Any]) -> dict[str, Any]:
    """Details of an event or of a refusal, with times as the reference model writes them."""
    return {name: _moment(name, value) for name, value in details.items()}


def _moment(name: str, value: Any) -> Any:
    """A time in Python's notation with Z, because JSON may have the same time in several notations."""
    if name not in ("expires_at", "start_time"):
        return value
    return datetime.fromisoformat(value).isoformat().replace("+00:00", "Z")
