"""The views: what a client can read, one type for each resource.

The fields stand in the order in which the JSON has them. Times are UTC; ids fit in 53 bits, so that
JavaScript keeps them exactly.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from msgspec import Struct

from boxoffice.vocabulary import limits


class BookingStatus(StrEnum):
    """``PENDING`` (a hold) ends in one of the others; only ``CONFIRMED`` can still be cancelled."""

    PENDING = "PENDING"
    CONFIRMED = "CONFIRMED"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"


class SeatState(StrEnum):
    """What a seat is now: ``blocked`` is kept by the house."""

    FREE = "free"
    HELD = "held"
    SOLD = "sold"
    BLOCKED = "blocked"


class User(Struct):
    """Somebody who books."""

    id: int
    name: str
    email: str
    created_at: datetime
    updated_at: datetime


class Show(Struct):
    """Anything sold by the seat. ``seq`` is the number of its latest event, and its version.

    ``reference`` and ``metadata`` are an integrator's own words.
    """

    id: int
    name: str
    start_time: datetime
    total_seats: int
    available_seats: int
    show_type: str
    created_at: datetime
    updated_at: datetime
    seq: int
    reference: str | None = None
    metadata: dict[str, str] = {}


class Booking(Struct):
    """Seats of one user in one show.

    ``seats`` are owned now; ``released_seats`` is what an ended booking had at its end. A seat that was
    returned before is in neither. ``retaken_from`` is the expired hold whose seats this booking took again
    for a late confirm. ``reference`` and ``metadata`` are an integrator's own words.
    """

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
    reason: str | None = None
    retaken_from: int | None = None
    reference: str | None = None
    metadata: dict[str, str] = {}


def show_of(booking_id: int) -> int:
    """The id of a booking's show, which is the upper part of the booking's id."""
    return booking_id >> limits.BOOKING_NUMBER_BITS


class ListedBooking(Booking, kw_only=True):
    """A booking with the name and the start of its show."""

    show_name: str
    show_start_time: datetime


class BookingDetails(ListedBooking, kw_only=True):
    """A booking with what it joins. ``user`` None: the caller may not see profiles.

    ``retaken_by`` is the booking that took this expired hold's seats again for a late confirm.
    """

    retaken_by: int | None
    user: User | None


class ShowStats(Struct):
    """A show in figures. ``occupancy``: held and sold seats as a fraction of those not blocked."""

    show_id: int
    show_name: str
    total_seats: int
    available_seats: int
    held_seats: int
    sold_seats: int
    blocked_seats: int
    occupancy: float
    bookings: dict[BookingStatus, int]
    seq: int


class BusyShow(Struct):
    """How many seats of a show are in each state, and the number of the show's last event."""

    show_id: int
    free_seats: int
    held_seats: int
    sold_seats: int
    blocked_seats: int
    seq: int


class SeatMap(Struct):
    """Which seats are free: ``taken`` has one character a seat, '1' for taken, from the first seat that was
    asked for. ``total_seats``: how many seats the show has.
    """

    show_id: int
    seq: int
    total_seats: int
    taken: str


class Seat(Struct):
    """One seat and who has it."""

    seat_number: int
    state: SeatState
    booking_id: int | None
    user_id: int | None
    user_name: str | None
    expires_at: datetime | None
    reason: str | None


class Event(Struct):
    """One transition of a show: its ``seq`` counts from 1 without a gap."""

    seq: int
    kind: str
    booking_id: int | None
    user_id: int | None
    seats: list[int]
    actor: str
    at: datetime
    details: dict[str, Any]


class ApiKey(Struct):
    """A server's key, without its secret. ``show_ids``: the only shows that it is for; ``None``: all.

    ``lasts``: how long it was made for; ``None``: until revoked. One that was replaced ends sooner.
    """

    key_id: str
    name: str
    role: str
    show_ids: list[int] | None
    created_at: datetime
    lasts: timedelta | None
    expires_at: datetime | None
    revoked_at: datetime | None


class Login(Struct):
    """How a person logs in: a subject of an OpenID Connect issuer."""

    issuer: str
    subject: str
    created_at: datetime


class UserEvent(Event, kw_only=True):
    """An event of a person's booking, or one that the person caused.

    ``origin``: where the request came from, if it was the person's own.
    """

    show_id: int
    origin: str | None


class KeptAnswer(Struct):
    """An answer that is kept for an idempotency key; ``show_id`` 0: of a command without a show. The key
    itself is kept nowhere.
    """

    show_id: int
    created_at: datetime


class UserExport(Struct):
    """Everything that is kept about a person, and nothing about those who acted for or against them."""

    user: User
    logins: list[Login]
    bookings: list[Booking]
    events: list[UserEvent]
    kept_answers: list[KeptAnswer]

    def hide_others(self) -> None:
        """Remove the address (``origin``) of each event that another actor caused: the addresses of staff are
        not this person's data.
        """
        own = f"user:{self.user.id}"
        for event in self.events:
            if event.actor != own:
                event.origin = None
