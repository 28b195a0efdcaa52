"""What may be asked of a show's seats: one type for each command, with the type of its outcome.

A command is plain data, checked where it enters (``web.http.bodies``); the engine queues it and the
database decides. ``actor`` is who asks, for the audit; it is also the scope of the idempotency key:
a key has at most one effect for one actor and one show. ``origin`` is where the request came from (the
peer's address), for the audit alone. ``owner_id``: if it is given, a booking of somebody else is not found.
"""

from datetime import datetime
from typing import ClassVar, Generic, Literal, TypeVar

from msgspec import UNSET, Struct, UnsetType

from boxoffice.vocabulary.outcomes import BookingDone, Done, HoldsExpired, SeatsDone, ShowDone, UserDone

LateConfirm = Literal["retake", "refuse"]
D = TypeVar("D", bound=Done)


class Command(Struct, Generic[D], frozen=True, kw_only=True, tag_field="kind"):
    """Something that is asked; ``D`` is the type of the outcome when the command is not refused.

    ``done`` is the same type where the program runs: the answer of the database is read as it.
    """

    done: ClassVar[type[Done]]

    actor: str
    idempotency_key: str | None = None
    origin: str | None = None


class ShowCommand(Command[D], Generic[D], frozen=True, kw_only=True):
    """A command on the seats of one show: it goes through that show's lane."""

    show_id: int


class Caps(Struct, frozen=True):
    """How much of what is active a caller may have; decided in the transaction that books.

    ``holds_max`` and ``holds_per_show_max`` bound a user's active holds, ``bookings_per_show_max`` the active
    bookings in a show, holds included. After a hold of t seconds that ended unsold the user pauses
    t * ``cooldown_seconds`` / ``hold_seconds_max`` before the next hold in that show. No hold lasts longer
    than ``lifetime_seconds_max``, extensions included: for the pause nothing older is looked at.
    """

    holds_max: int
    holds_per_show_max: int
    bookings_per_show_max: int
    cooldown_seconds: float
    hold_seconds_max: float
    lifetime_seconds_max: float = 3_600


class BookSeats(ShowCommand[BookingDone], frozen=True, kw_only=True, tag="book"):
    """Book seats, confirmed at once, or hold them when ``hold_seconds`` is given.

    ``seat_numbers`` asks for exactly these, all or none; without them the engine picks
    ``seat_count`` seats, together where it can.
    """

    done = BookingDone

    user_id: int
    seat_count: int
    seat_numbers: tuple[int, ...] | None = None
    hold_seconds: float | None = None
    caps: Caps | None = None


class ConfirmBooking(ShowCommand[BookingDone], frozen=True, kw_only=True, tag="confirm"):
    """Turn a hold into a sale; ``late`` says what becomes of a hold that has run out.

    ``caps`` bound a late one, which is a booking more; one in time changes nothing that they count.
    """

    done = BookingDone

    booking_id: int
    late: LateConfirm = "retake"
    owner_id: int | None = None
    caps: Caps | None = None


class FailBooking(ShowCommand[BookingDone], frozen=True, kw_only=True, tag="fail"):
    """End a hold because its payment or confirmation failed."""

    done = BookingDone

    booking_id: int
    reason: str | None = None
    owner_id: int | None = None


class CancelBooking(ShowCommand[BookingDone], frozen=True, kw_only=True, tag="cancel"):
    """End a hold or a sale because somebody gave it back."""

    done = BookingDone

    booking_id: int
    reason: str | None = None
    owner_id: int | None = None


class ExtendHold(ShowCommand[BookingDone], frozen=True, kw_only=True, tag="extend"):
    """Let a hold end ``hold_seconds`` from now, but not beyond ``lifetime_seconds_max`` after it began.

    It never ends sooner than before.
    """

    done = BookingDone

    booking_id: int
    hold_seconds: float
    lifetime_seconds_max: float
    owner_id: int | None = None


class ExpireHolds(ShowCommand[HoldsExpired], frozen=True, kw_only=True, tag="expire"):
    """End the holds of a show that have run out. Any other command does so on its way, too."""

    done = HoldsExpired


class BlockSeats(ShowCommand[SeatsDone], frozen=True, kw_only=True, tag="block"):
    """Keep free seats for the house: all or none."""

    done = SeatsDone

    seat_numbers: tuple[int, ...]
    reason: str


class UnblockSeats(ShowCommand[SeatsDone], frozen=True, kw_only=True, tag="unblock"):
    """Give blocked seats back to sale: all or none."""

    done = SeatsDone

    seat_numbers: tuple[int, ...]
    reason: str | None = None


class UpdateShow(ShowCommand[ShowDone], frozen=True, kw_only=True, tag="update_show"):
    """Change what is given of a show; ``expected_seq`` refuses if it has changed since."""

    done = ShowDone

    name: str | UnsetType = UNSET
    start_time: datetime | UnsetType = UNSET
    total_seats: int | UnsetType = UNSET
    show_type: str | UnsetType = UNSET
    expected_seq: int | None = None


class DeleteShow(ShowCommand[ShowDone], frozen=True, kw_only=True, tag="delete_show"):
    """Take a show without active bookings off the lists; its bookings stay for the audit."""

    done = ShowDone

    expected_seq: int | None = None


class CreateShow(Command[ShowDone], frozen=True, kw_only=True, tag="create_show"):
    """Open a show with seats 1 to ``total_seats``, all free. It has no lane yet."""

    done = ShowDone

    name: str
    start_time: datetime
    total_seats: int
    show_type: str = "show"


class CreateUser(Command[UserDone], frozen=True, kw_only=True, tag="create_user"):
    """Register a user, or find the one who has this e-mail address already.

    ``subject`` and ``issuer`` (both or none) link the user to a person's login.
    """

    done = UserDone

    name: str
    email: str
    subject: str | None = None
    issuer: str | None = None


class UpdateUser(Command[UserDone], frozen=True, kw_only=True, tag="update_user"):
    """Change what is given of a user."""

    done = UserDone

    user_id: int
    name: str | UnsetType = UNSET
    email: str | UnsetType = UNSET


class EraseUser(Command[UserDone], frozen=True, kw_only=True, tag="erase_user"):
    """Remove what is known of a person; the bookings and their events stay, of nobody in particular.

    With ``caps`` it is refused while the person pauses after a hold: who comes back would not have to.
    """

    done = UserDone

    user_id: int
    caps: Caps | None = None
