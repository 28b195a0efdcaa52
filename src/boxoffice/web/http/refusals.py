"""The refusals of the core: a row for each code, and for each command the codes that it can end with.

A new refusal has three places: the SQL that gives it, its code in ``RefusalCode``, and this file, which has
its row and names its code in the list of its command.
"""

from collections.abc import Mapping
from typing import Final, TypeVar

from boxoffice.vocabulary.outcomes import RefusalCode, Refused
from boxoffice.web.http.kinds import Kind

R = TypeVar("R")

REFUSALS: Final[Mapping[str, Kind]] = {
    RefusalCode.IDEMPOTENCY_KEY_REUSED: Kind(
        422, "The idempotency key belongs to another request", "Use a new Idempotency-Key for a new request."
    ),
    RefusalCode.SHOW_NOT_FOUND: Kind(404, "There is no such show", "No show has this id, or it was deleted."),
    RefusalCode.BOOKING_NOT_FOUND: Kind(404, "There is no such booking", "No booking has this id."),
    RefusalCode.SHOW_ARCHIVED: Kind(
        409, "The show is archived", "It was over long ago. It can still be read, and no longer changed."
    ),
    RefusalCode.USER_NOT_FOUND: Kind(404, "There is no such user", "No user has this id."),
    RefusalCode.VERSION_MISMATCH: Kind(
        412, "The show has changed since", "It is at version {seq} now.", {"seq": 18}
    ),
    RefusalCode.EMAIL_TAKEN: Kind(
        409, "The e-mail address is taken", "Another user has this e-mail address."
    ),
    RefusalCode.SUBJECT_TAKEN: Kind(
        409, "The login belongs elsewhere", "The user has another login, or the login another user."
    ),
    RefusalCode.INVALID_STATE: Kind(
        409,
        "The booking's state does not allow it",
        "The booking is {state}.",
        {"state": "EXPIRED", "retaken_by": (1 << 24) + 2},
    ),
    RefusalCode.HOLD_EXPIRED: Kind(
        409,
        "The hold has run out",
        "It was not confirmed in time, and its seats are no longer kept for it.",
        {"state": "EXPIRED", "seats": [4]},
    ),
    RefusalCode.HOLD_LIFETIME_OVER: Kind(
        409,
        "The hold cannot be extended",
        "It ends at {expires_at}; a hold lasts {lifetime_seconds} seconds at most.",
        {"expires_at": "2030-12-11T10:40:00Z", "lifetime_seconds": 600},
    ),
    RefusalCode.TOO_MANY_BOOKINGS: Kind(
        409,
        "Too many bookings",
        "Active in this show: {active} of {limit}. Cancel one first.",
        {"limit": 10, "active": 10},
    ),
    RefusalCode.TOO_MANY_BOOKINGS_MADE: Kind(
        429,
        "Too many bookings were made",
        "Made in this show within a day: {made}; the limit is {limit}. "
        "The next booking is possible in {retry_after_s} seconds.",
        {"limit": 50, "made": 50, "retry_after_s": 3600.0},
    ),
    RefusalCode.TOO_MANY_HOLDS: Kind(
        409,
        "Too many holds",
        "Active: {active} of {limit}. Buy or cancel one first.",
        {"limit": 2, "active": 2, "scope": "show"},
    ),
    RefusalCode.HOLD_COOLDOWN: Kind(
        429,
        "The last hold was not bought",
        "The next hold in this show is possible in {retry_after_s} seconds.",
        {"retry_after_s": 12.5},
    ),
    RefusalCode.SEATS_OUTSIDE_SHOW: Kind(
        422,
        "The show does not have these seats",
        "It has {total_seats} seats; not among them: {seats}.",
        {"seats": [101], "total_seats": 100},
    ),
    RefusalCode.SEATS_TAKEN: Kind(
        409,
        "Seats are taken",
        "Taken: {seats}. No seat was booked or blocked; free seats left: {available}.",
        {"seats": [4], "available": 97},
    ),
    RefusalCode.INSUFFICIENT_SEATS: Kind(
        409,
        "There are insufficient seats",
        "Asked for: {requested}; free seats left: {available}.",
        {"requested": 3, "available": 2},
    ),
    RefusalCode.SEATS_NOT_BLOCKED: Kind(
        409, "Seats are not blocked", "Not blocked: {seats}.", {"seats": [4]}
    ),
    RefusalCode.SEATS_NOT_IN_BOOKING: Kind(
        409,
        "The booking does not have these seats",
        "Not in the booking, or returned already: {seats}. No seat was returned.",
        {"seats": [4]},
    ),
    RefusalCode.SEATS_IN_USE: Kind(
        409, "Seats that would go away are in use", "Held, sold or blocked: {seats}.", {"seats": [99, 100]}
    ),
    RefusalCode.ACTIVE_BOOKINGS: Kind(
        409,
        "There are active bookings",
        "Held or confirmed bookings: {count}. Cancel them first.",
        {"count": 2},
    ),
    RefusalCode.BOOKING_NUMBERS_USED_UP: Kind(
        409, "The show has had all the bookings it can have", "Open another show for the rest."
    ),
    RefusalCode.TOO_LATE: Kind(
        409,
        "It was not decided in time",
        "No seat was booked. It was to be answered by {answer_by}.",
        {"answer_by": "2030-12-11T10:30:30Z"},
    ),
    "feed_not_found": Kind(404, "There is no such feed", "GET /api/feeds lists all."),
    "feed_exists": Kind(
        409,
        "There is another feed with this name",
        "It is for other shows, or tells other data. Choose a name.",
    ),
    "not_in_history": Kind(
        409,
        "These events are not in the history",
        "Nothing was acknowledged. Shows: {show_ids}. Their history was rewound, or the ids are mistyped.",
        {"show_ids": [7]},
    ),
}

_SHOW: Final = (RefusalCode.SHOW_NOT_FOUND, RefusalCode.SHOW_ARCHIVED)

OF_BOOKING: Final[tuple[str, ...]] = (
    *_SHOW,
    RefusalCode.USER_NOT_FOUND,
    RefusalCode.TOO_MANY_BOOKINGS,
    RefusalCode.TOO_MANY_BOOKINGS_MADE,
    RefusalCode.TOO_MANY_HOLDS,
    RefusalCode.HOLD_COOLDOWN,
    RefusalCode.SEATS_OUTSIDE_SHOW,
    RefusalCode.SEATS_TAKEN,
    RefusalCode.INSUFFICIENT_SEATS,
    RefusalCode.BOOKING_NUMBERS_USED_UP,
    RefusalCode.TOO_LATE,
)
OF_ENDING_A_BOOKING: Final[tuple[str, ...]] = (
    RefusalCode.BOOKING_NOT_FOUND,
    RefusalCode.SHOW_ARCHIVED,
    RefusalCode.INVALID_STATE,
)
OF_CONFIRMING: Final[tuple[str, ...]] = (
    *OF_ENDING_A_BOOKING,
    RefusalCode.HOLD_EXPIRED,
    RefusalCode.TOO_MANY_BOOKINGS,
)
OF_RETURNING: Final[tuple[str, ...]] = (*OF_ENDING_A_BOOKING, RefusalCode.SEATS_NOT_IN_BOOKING)
OF_EXTENDING: Final[tuple[str, ...]] = (
    *OF_ENDING_A_BOOKING,
    RefusalCode.HOLD_EXPIRED,
    RefusalCode.HOLD_LIFETIME_OVER,
)
OF_CHANGING_A_SHOW: Final[tuple[str, ...]] = (
    *_SHOW,
    RefusalCode.VERSION_MISMATCH,
    RefusalCode.SEATS_IN_USE,
)
OF_DELETING_A_SHOW: Final[tuple[str, ...]] = (
    *_SHOW,
    RefusalCode.VERSION_MISMATCH,
    RefusalCode.ACTIVE_BOOKINGS,
)
OF_BLOCKING: Final[tuple[str, ...]] = (*_SHOW, RefusalCode.SEATS_OUTSIDE_SHOW, RefusalCode.SEATS_TAKEN)
OF_UNBLOCKING: Final[tuple[str, ...]] = (
    *_SHOW,
    RefusalCode.SEATS_OUTSIDE_SHOW,
    RefusalCode.SEATS_NOT_BLOCKED,
)
OF_CHANGING_A_USER: Final[tuple[str, ...]] = (RefusalCode.USER_NOT_FOUND, RefusalCode.EMAIL_TAKEN)
OF_ERASING_A_USER: Final[tuple[str, ...]] = (
    RefusalCode.USER_NOT_FOUND,
    RefusalCode.ACTIVE_BOOKINGS,
    RefusalCode.HOLD_COOLDOWN,
)


class Refusal(Exception):
    """A refusal as an exception, for the web layer alone; in the engine a refusal is a value."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.code)
        self.refused: Final = refused


def found(resource: R | None, code: str) -> R:
    """The resource. Raises ``Refusal`` with this code if there is none."""
    if resource is None:
        raise Refusal(Refused(code))
    return resource
