"""The views: what a client can read, one type for each resource.

The fields stand in the order in which the JSON has them. Times are UTC; ids fit in 53 bits, so that
JavaScript keeps them exactly.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from boxoffice.vocabulary import limits

Moment = Annotated[datetime, Meta(tz=True)]
"""A time with its offset from UTC."""


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


class EventKind(StrEnum):
    """The kinds of the core's events, as the table ``event_kinds`` has them. A domain adds its own."""

    SHOW_CREATED = "show_created"
    SHOW_UPDATED = "show_updated"
    SHOW_DELETED = "show_deleted"
    SHOW_ARCHIVED = "show_archived"
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"
    BOOKED = "booked"
    HELD = "held"
    EXTENDED = "extended"
    RETURNED = "returned"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class User(Struct):
    """Somebody who books. ``email_verified``: a person who logs in with this address is this user."""

    id: int
    name: str
    email: str
    email_verified: bool
    created_at: Moment
    updated_at: Moment


class Show(Struct):
    """Anything sold by the seat. ``seq`` is the number of its latest event, and its version.

    ``reference`` and ``metadata`` are an integrator's own words. ``live``: whether everybody may watch
    the states of its seats.
    """

    id: int
    name: str
    start_time: Moment
    total_seats: int
    available_seats: int
    show_type: str
    created_at: Moment
    updated_at: Moment
    seq: int
    reference: str | None = None
    metadata: dict[str, str] = {}
    live: bool = True


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
    created_at: Moment
    updated_at: Moment
    seats: list[int]
    released_seats: list[int]
    expires_at: Moment | None
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
    show_start_time: Moment


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


class ReplicationSlot(Struct, frozen=True):
    """A slot by which somebody reads PostgreSQL's log, and what the server keeps for it.

    ``here``: it is of this database. ``inactive_s``: for how many seconds nobody has read it; None: somebody
    does, or PostgreSQL is older than 17 and does not tell. ``kept_mb_max``: megabytes of log that any slot
    may retain; -1: without a bound.
    """

    name: str
    plugin: str | None
    here: bool
    active: bool
    wal_status: str
    retained_bytes: float
    inactive_s: float | None
    failover: bool
    kept_mb_max: int


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
    expires_at: Moment | None
    reason: str | None


class Event(Struct):
    """One transition of a show: its ``seq`` counts from 1 without a gap."""

    seq: int
    kind: str
    booking_id: int | None
    user_id: int | None
    seats: list[int]
    actor: str
    at: Moment
    details: dict[str, Any]


class ApiKey(Struct):
    """A server's key, without its secret. ``show_ids``: the only shows that it is for; ``None``: all.

    ``lasts``: how long it was made for; ``None``: until revoked. One that was replaced ends sooner.
    """

    key_id: str
    name: str
    role: str
    show_ids: list[int] | None
    created_at: Moment
    lasts: timedelta | None
    expires_at: Moment | None
    revoked_at: Moment | None


class Login(Struct):
    """How a person logs in: a subject of an OpenID Connect issuer."""

    issuer: str
    subject: str
    created_at: Moment


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
    created_at: Moment


class RequestAnswer(Struct):
    """The answer to a booking that was asked for by ticket, as the call had told it that waits for it."""

    status: int
    headers: dict[str, str]
    body: dict[str, Any]


class BookingRequest(Struct, kw_only=True):
    """A booking that was asked for by ticket.

    ``state``: ``queued`` waits for its turn; ``done`` has its ``answer``, be it a booking or a refusal;
    ``expired`` was not decided by ``answer_by``, and will not be; ``withdrawn`` by who asked. No state but
    ``queued`` ever changes. ``ahead``: how many requests of the show wait before it, if that is known.
    """

    ticket: str
    show_id: int
    state: Literal["queued", "done", "expired", "withdrawn"]
    ahead: int | None = None
    asked_at: Moment | None = None
    answer_by: Moment | None = None
    answered_at: Moment | None = None
    answer: RequestAnswer | None = None


class KeptRequest(Struct):
    """A booking for a person that was asked for by ticket, and is kept for as long as an answer."""

    show_id: int
    state: str
    asked_at: Moment
    answered_at: Moment | None


class UserExport(Struct):
    """Everything that is kept about a person, and nothing about those who acted for or against them."""

    user: User
    logins: list[Login]
    bookings: list[Booking]
    events: list[UserEvent]
    kept_answers: list[KeptAnswer]
    requests: list[KeptRequest]

    def hide_others(self) -> None:
        """Remove the address (``origin``) of each event that another actor caused: the addresses of staff are
        not this person's data.
        """
        own = f"user:{self.user.id}"
        for event in self.events:
            if event.actor != own:
                event.origin = None
