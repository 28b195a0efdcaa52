"""What can happen to a command: it is done, or it is refused with a stable code.

Refusals are values, never exceptions; ``faults`` holds what goes wrong on our side. A domain adds outcomes of
its own as subclasses of ``Done``, and refusals with codes of its own.
"""

from enum import StrEnum
from typing import Any

from msgspec import Struct

from boxoffice.vocabulary.views import Booking, Show, User


class RefusalCode(StrEnum):
    """Why the core refuses a command, in order of precedence: the first that applies is told."""

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
    TOO_MANY_HOLDS = "too_many_holds"
    HOLD_COOLDOWN = "hold_cooldown"
    SEATS_OUTSIDE_SHOW = "seats_outside_show"
    SEATS_TAKEN = "seats_taken"
    INSUFFICIENT_SEATS = "insufficient_seats"
    SEATS_NOT_BLOCKED = "seats_not_blocked"
    SEATS_IN_USE = "seats_in_use"
    ACTIVE_BOOKINGS = "active_bookings"
    BOOKING_NUMBERS_USED_UP = "booking_numbers_used_up"


class Refused(Struct, frozen=True):
    """A refusal without effect. ``code`` is a ``RefusalCode``, or a domain's own.

    ``details`` says why and what would still be possible.

    Members by code: ``insufficient_seats`` requested, available; ``seats_taken`` seats (the taken
    ones), available; ``seats_outside_show`` seats, total_seats; ``invalid_state`` state, and
    retaken_by if another booking took an expired hold's seats again; ``hold_expired`` state, seats
    (those that others have by now; empty when late confirms are refused); ``seats_not_blocked``
    seats; ``seats_in_use`` seats; ``active_bookings`` count; ``version_mismatch`` seq (the current
    one); ``hold_lifetime_over`` expires_at, lifetime_seconds; ``too_many_bookings`` limit, active;
    ``too_many_holds`` limit, active, scope ("show" or "all"); ``hold_cooldown`` retry_after_s.
    """

    code: str
    details: dict[str, Any] = {}


class Done(Struct, frozen=True, kw_only=True):
    """What a command has done. ``replayed``: an earlier command with the same key had the effect."""

    replayed: bool = False

    @property
    def event_count(self) -> int:
        """How many events the command has left, if it was not replayed."""
        return 1


class BookingDone(Done, frozen=True):
    """The booking after the command.

    A confirm that came late and took the seats again is told by ``booking.retaken_from``.
    """

    booking: Booking


class SeatsDone(Done, frozen=True):
    """Seats that were blocked or unblocked."""

    show_id: int
    seats: list[int]


class ShowDone(Done, frozen=True):
    """The show after it was created, changed or deleted."""

    show: Show


class HoldsExpired(Done, frozen=True):
    """How many holds of the show were ended because they had run out."""

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
"""What a command can end in."""
