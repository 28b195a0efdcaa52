"""The success answers: one envelope, named for each resource so that the schema's names are stable."""

from typing import Generic, Literal, TypeVar

from msgspec import UNSET, Struct, UnsetType

from boxoffice.vocabulary.views import (
    Booking,
    BookingDetails,
    BookingRequest,
    Event,
    ListedBooking,
    Seat,
    Show,
    ShowStats,
    User,
    UserExport,
)

T = TypeVar("T")


class Answer(Struct, Generic[T], kw_only=True):
    """What was asked for, or what was done."""

    success: Literal[True] = True
    data: T
    message: str


class PageMeta(Struct):
    """``count`` items are on this page; ``next_cursor`` is null on the last one."""

    count: int
    next_cursor: str | None


class ListAnswer(Answer[list[T]], Generic[T], kw_only=True):
    """One page of a list."""

    meta: PageMeta


class AvailableSeats(Struct, kw_only=True):
    """The free seats in order: each of them, or as runs (``ranges``: first and last seat of each).

    ``next_from``: the first of the seats that were not looked at; left out if there are none.
    """

    available_seats: list[int] | UnsetType = UNSET
    ranges: list[tuple[int, int]] | UnsetType = UNSET
    count: int
    next_from: int | UnsetType = UNSET


class BlockedSeats(Struct):
    """Seats that were blocked or given back to sale."""

    show_id: int
    seats: list[int]


class ExpiredCount(Struct):
    """How many holds were ended because they had run out."""

    expired_count: int


class Health(Struct):
    """How the service is. ``uptime_seconds`` counts from the start of this process."""

    service: str
    version: str
    database: Literal["ok", "unavailable"]
    uptime_seconds: float


class ShowAnswer(Answer[Show]):
    """A show."""


class ShowListAnswer(ListAnswer[Show]):
    """Shows by start time."""


class StatsAnswer(Answer[ShowStats]):
    """A show in figures."""


class AvailableSeatsAnswer(Answer[AvailableSeats]):
    """The free seats of a show."""


class EventListAnswer(ListAnswer[Event]):
    """Events of a show in order."""


class SeatListAnswer(ListAnswer[Seat]):
    """Seats of a show in order."""


class BlockedSeatsAnswer(Answer[BlockedSeats]):
    """Seats that changed hands with the house."""


class UserAnswer(Answer[User]):
    """A user."""


class UserExportAnswer(Answer[UserExport]):
    """Everything that is kept about a person."""


class UserListAnswer(ListAnswer[User]):
    """Users by id."""


class BookingAnswer(Answer[Booking]):
    """A booking."""


class BookingRequestAnswer(Answer[BookingRequest]):
    """A booking that was asked for by ticket."""


class BookingDetailsAnswer(Answer[BookingDetails]):
    """A booking with the names of what it joins."""


class BookingListAnswer(ListAnswer[ListedBooking]):
    """Bookings, newest first."""


class ExpiredCountAnswer(Answer[ExpiredCount]):
    """The number of holds that were ended."""


class HealthAnswer(Answer[Health]):
    """How the service is."""


def counted(number: int, noun: str) -> str:
    """The number with its noun, such as "1 show" or "2 shows"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
