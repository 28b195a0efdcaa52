"""The outcomes of a command: the command is done, or the command is refused with a stable code.

Refusals are values, never exceptions; ``faults`` holds what goes wrong on our side. A domain (such as halls)
adds its own outcomes as subclasses of ``Done``, and its own refusal codes.
"""

from enum import StrEnum
from typing import Any

from msgspec import Struct

from boxoffice.vocabulary.views import Booking, Show, User


class RefusalCode(StrEnum):
    """Why the core refuses a command. If several codes apply, the first of them in this list is answered."""

    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused"
    SHOW_NOT_FOUND = "show_not_found"
    BOOKING_NOT_FOUND = "booking_not_found"
    SHOW_ARCHIVED = "show_archived"
    USER_NOT_FOUND = "user_not_found"
    VERSION_MISMATCH = "version_mismatch"
    EMAIL_TAKEN = "email_taken"
    SUBJECT_TAKEN = "subject_taken"
    INVALID_STATE = "invalid_state"
    HOLD_EXPIRED = "hold_expired"
    HOLD_LIFETIME_OVER = "hold_lifetime_over"
    TOO_MANY_BOOKINGS = "too_many_bookings"
    TOO_MANY_BOOKINGS_MADE = "too_many_bookings_made"
    TOO_MANY_HOLDS = "too_many_holds"
    HOLD_COOLDOWN = "hold_cooldown"
    SEATS_OUTSIDE_SHOW = "seats_outside_show"
    SEATS_TAKEN = "seats_taken"
    INSUFFICIENT_SEATS = "insufficient_seats"
    SEATS_NOT_BLOCKED = "seats_not_blocked"
    SEATS_NOT_IN_BOOKING = "seats_not_in_booking"
    SEATS_IN_USE = "seats_in_use"
    ACTIVE_BOOKINGS = "active_bookings"
    BOOKING_NUMBERS_USED_UP = "booking_numbers_used_up"
    TOO_LATE = "too_late"


class Refused(Struct, frozen=True):
    """The command was refused and had no effect. ``code`` is a ``RefusalCode``, or a domain's own code.

    ``details`` says why, and what would still be possible. Its members, by code (a code that is not listed
    has none):

    - ``active_bookings``: count (of a very large number a part; ``limits`` says how many are counted).
    - ``hold_cooldown``: retry_after_s (seconds).
    - ``hold_expired``: state, seats (those that other bookings own by now; empty if the setting refuses every
      late confirm).
    - ``hold_lifetime_over``: expires_at, lifetime_seconds.
    - ``insufficient_seats``: requested, available.
    - ``invalid_state``: state; retaken_by, if another booking has taken this expired hold's seats again.
    - ``seats_in_use``: seats (the first ones).
    - ``seats_not_blocked``: seats.
    - ``seats_not_in_booking``: seats (those that the booking does not have, or no longer).
    - ``seats_outside_show``: seats, total_seats.
    - ``seats_taken``: seats (the taken ones), available.
    - ``too_late``: answer_by (the command was not to be decided from then on).
    - ``too_many_bookings``: limit, active.
    - ``too_many_bookings_made``: limit, made, retry_after_s (seconds).
    - ``too_many_holds``: limit, active, scope ("show", or "all": all shows that the caller reaches).
    - ``version_mismatch``: seq (the current version).
    """

    code: str
    details: dict[str, Any] = {}


class Done(Struct, frozen=True, kw_only=True):
    """The command took effect. ``replayed``: not this time, but an earlier command with the same idempotency
    key had the effect, and this is that command's outcome again.
    """

    replayed: bool = False

    @property
    def event_count(self) -> int:
        """How many events the command wrote, unless the outcome is a replay."""
        return 1


class BookingDone(Done, frozen=True):
    """The booking after the command.

    If a late confirm took the seats again, this is a new booking, and ``booking.retaken_from`` is the hold.
    """

    booking: Booking


class SeatsDone(Done, frozen=True):
    """The seats that the command blocked or unblocked."""

    show_id: int
    seats: list[int]


class ShowDone(Done, frozen=True):
    """The show after it was created, changed or deleted."""

    show: Show


class HoldsExpired(Done, frozen=True):
    """How many holds of the show the command ended because they had run out."""

    expired_count: int

    @property
    def event_count(self) -> int:
        """One event for each hold."""
        return self.expired_count


class UserDone(Done, frozen=True):
    """The user; ``created`` is false when the e-mail address was registered already."""

    user: User
    created: bool = False


Outcome = Done | Refused
"""Every way in which a command can end, but for a fault."""
