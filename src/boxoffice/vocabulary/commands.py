"""The commands: one type for each change that can be asked for, with the type of its outcome.

A command is plain data. The web edge checks its values (``web.http.bodies``), the engine queues the command,
and the database decides. Fields that several commands have:

``actor`` names the caller (``user:7``, a key, a background task) for the audit. The actor is also the scope
of the idempotency key: one key has at most one effect for one actor and one show.
``origin`` is the address that the request came from. Only the audit uses the address.
``owner_id``, if given, is the only user whose bookings the command may touch; another user's booking is
refused with ``booking_not_found``. ``None``: the command may touch any user's booking.
"""

from datetime import datetime
from typing import ClassVar, Generic, Literal, TypeVar

from msgspec import UNSET, Struct, UnsetType

from boxoffice.vocabulary.outcomes import BookingDone, Done, HoldsExpired, SeatsDone, ShowDone, UserDone

LateConfirm = Literal["retake", "refuse"]
D = TypeVar("D", bound=Done)


class Command(Struct, Generic[D], frozen=True, kw_only=True, tag_field="kind"):
    """One change that a caller asks for. ``D`` is the type of the outcome when the command is not refused.

    ``done`` is the same type at run time, when ``D`` is gone: the engine decodes the database's answer as it.
    """

    done: ClassVar[type[Done]]

    actor: str
    idempotency_key: str | None = None
    origin: str | None = None


class ShowCommand(Command[D], Generic[D], frozen=True, kw_only=True):
    """A command about one show. The command waits in that show's lane and runs in one of its batches."""

    show_id: int


class Caps(Struct, frozen=True, omit_defaults=True):
    """How many holds and bookings one user may have and make. The transaction that books counts them.

    ``holds_max``: active holds in all shows together. ``holds_per_show_max``: active holds in one show.
    ``bookings_per_show_max``: active bookings in one show, holds included. ``made_max``: bookings and holds
    that were made in one show within ``made_seconds``, whatever became of them.

    If a hold lasted t seconds and was not bought, its user must pause t * ``cooldown_seconds`` /
    ``hold_seconds_max`` before the next hold in that show. No hold lasts longer than
    ``lifetime_seconds_max``, whoever extends it; so the pause of an older hold is over, and the database does
    not read such holds.

    ``within``: the only shows that the caller reaches. Of all shows together only holds in these shows are
    counted, and what the caller makes counts in these shows alone. None: all shows.
    """

    holds_max: int
    holds_per_show_max: int
    bookings_per_show_max: int
    made_max: int
    made_seconds: float
    cooldown_seconds: float
    hold_seconds_max: float
    lifetime_seconds_max: float
    within: tuple[int, ...] | None = None


class BookSeats(ShowCommand[BookingDone], frozen=True, kw_only=True, tag="book"):
    """Sell seats to a user at once, or hold the seats for ``hold_seconds`` if that is given.

    With ``seat_numbers`` the user gets exactly these seats, all or none. Without, the engine picks
    ``seat_count`` free seats, next to each other where such seats are free. ``caps`` None: no cap applies.
    ``reference`` and ``metadata`` are kept with the booking for whoever integrates the engine. From
    ``not_after`` on, if that is given, the command is refused (``too_late``), by the clock that is read under
    the show's lock.
    """

    done = BookingDone

    user_id: int
    seat_count: int
    seat_numbers: tuple[int, ...] | None = None
    hold_seconds: float | None = None
    reference: str | None = None
    metadata: dict[str, str] | None = None
    caps: Caps | None = None
    not_after: datetime | None = None


class ConfirmBooking(ShowCommand[BookingDone], frozen=True, kw_only=True, tag="confirm"):
    """Turn a hold into a sale.

    ``late`` decides about a hold that has run out: "retake" takes the same seats again if they are still
    free, "refuse" refuses. ``caps`` apply only to a late confirm, because retaking adds an active booking. A
    confirm in time adds none.
    """

    done = BookingDone

    booking_id: int
    late: LateConfirm = "retake"
    owner_id: int | None = None
    caps: Caps | None = None


class FailBooking(ShowCommand[BookingDone], frozen=True, kw_only=True, tag="fail"):
    """End a hold because the payment or the confirmation failed."""

    done = BookingDone

    booking_id: int
    reason: str | None = None
    owner_id: int | None = None


class CancelBooking(ShowCommand[BookingDone], frozen=True, kw_only=True, tag="cancel"):
    """End a hold or a sale because the buyer or the staff gave the seats back."""

    done = BookingDone

    booking_id: int
    reason: str | None = None
    owner_id: int | None = None


class ReturnSeats(ShowCommand[BookingDone], frozen=True, kw_only=True, tag="return"):
    """Give some seats of a hold or a sale back, all that are named or none.

    The booking goes on with the rest. A booking that would keep no seat is cancelled.
    """

    done = BookingDone

    booking_id: int
    seat_numbers: tuple[int, ...]
    owner_id: int | None = None


class ExtendHold(ShowCommand[BookingDone], frozen=True, kw_only=True, tag="extend"):
    """Move the end of a hold to ``hold_seconds`` from now.

    The new end is at most ``lifetime_seconds_max`` seconds after the hold began, and not before the old end.
    """

    done = BookingDone

    booking_id: int
    hold_seconds: float
    lifetime_seconds_max: float
    owner_id: int | None = None


class ExpireHolds(ShowCommand[HoldsExpired], frozen=True, kw_only=True, tag="expire"):
    """End the holds of a show that have run out. Every other command on the show ends them first, too."""

    done = HoldsExpired


class BlockSeats(ShowCommand[SeatsDone], frozen=True, kw_only=True, tag="block"):
    """Take free seats off sale, for the house. All of the seats are blocked, or none."""

    done = SeatsDone

    seat_numbers: tuple[int, ...]
    reason: str


class UnblockSeats(ShowCommand[SeatsDone], frozen=True, kw_only=True, tag="unblock"):
    """Put blocked seats on sale again. All of the seats are unblocked, or none."""

    done = SeatsDone

    seat_numbers: tuple[int, ...]
    reason: str | None = None


class UpdateShow(ShowCommand[ShowDone], frozen=True, kw_only=True, tag="update_show"):
    """Change the given fields of a show; a field that is ``UNSET`` stays as it is.

    ``expected_seqs`` are the versions that the change is meant for, None if it is meant for any. A show that
    has another version by now refuses the command with ``version_mismatch``, so that one editor does not
    overwrite another's change. An empty ``reference`` removes the show's; ``metadata`` takes the place of all
    that was there.
    """

    done = ShowDone

    name: str | UnsetType = UNSET
    start_time: datetime | UnsetType = UNSET
    total_seats: int | UnsetType = UNSET
    show_type: str | UnsetType = UNSET
    reference: str | UnsetType = UNSET
    metadata: dict[str, str] | UnsetType = UNSET
    live: bool | UnsetType = UNSET
    expected_seqs: tuple[int, ...] | None = None


class DeleteShow(ShowCommand[ShowDone], frozen=True, kw_only=True, tag="delete_show"):
    """Take a show off the lists; its bookings stay for the audit. A show with active bookings is refused.

    ``expected_seqs``: as in ``UpdateShow``.
    """

    done = ShowDone

    expected_seqs: tuple[int, ...] | None = None


class CreateShow(Command[ShowDone], frozen=True, kw_only=True, tag="create_show"):
    """Open a show with the seats 1 to ``total_seats``, all free.

    No lane takes this command, because the show has no id yet. ``live``: whether its seats may be watched
    live; None: yes, as usual.
    """

    done = ShowDone

    name: str
    start_time: datetime
    total_seats: int
    show_type: str = "show"
    reference: str | None = None
    metadata: dict[str, str] | None = None
    live: bool | None = None


class CreateUser(Command[UserDone], frozen=True, kw_only=True, tag="create_user"):
    """Register a user, or find the user that has this e-mail address already.

    ``subject`` and ``issuer`` (both or none) link the user to a login at an OpenID Connect issuer, which has
    verified the address: only a verified address finds the user for a login. ``email_verified``: without a
    login, staff vouches that the address is the person's.
    """

    done = UserDone

    name: str
    email: str
    email_verified: bool = False
    subject: str | None = None
    issuer: str | None = None


class UpdateUser(Command[UserDone], frozen=True, kw_only=True, tag="update_user"):
    """Change the given fields of a user; a field that is ``UNSET`` stays as it is.

    ``email_verified``: staff vouches that the new address is the person's. For a person with a login this has
    no effect.
    """

    done = UserDone

    user_id: int
    name: str | UnsetType = UNSET
    email: str | UnsetType = UNSET
    email_verified: bool = False


class EraseUser(Command[UserDone], frozen=True, kw_only=True, tag="erase_user"):
    """Remove a user's personal data. The bookings and their events stay, under an id that names no person.

    The command is refused while the user has a hold, or a sale in a show that has not begun.
    With ``caps`` the command is also refused while the user must pause after a hold: otherwise a person could
    erase the account, register again, and hold at once.
    """

    done = UserDone

    user_id: int
    caps: Caps | None = None
