"""The request bodies: what clients may send, checked in one strict pass, and turned into commands.

The ``description`` of a field is what the API page says about it and what an error says was expected.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from boxoffice.commands import (
    BlockSeats,
    BookSeats,
    CancelBooking,
    ConfirmBooking,
    CreateShow,
    CreateUser,
    FailBooking,
    LateConfirm,
    UnblockSeats,
    UpdateShow,
    UpdateUser,
)
from boxoffice.limits import (
    BOOKING_NUMBER_BITS,
    EMAIL_CHARS_MAX,
    HOLD_SECONDS_MIN,
    ID_MAX,
    NAME_CHARS_MAX,
    REASON_CHARS_MAX,
    SEATS_PER_BOOKING_MAX,
    SEATS_PER_SHOW_MAX,
)
from boxoffice.web.invalid import Place, invalid_field

# Texts: no control characters, and something to see. `(?!\n)$` because Python's `$` alone would let a
# line break at the end through; written so that JSON Schema reads it as Python does.
_TEXT: Final = (
    r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*(?!\n)$"
)
_EMAIL: Final = r"^[^\s@\u0000-\u001f]{1,64}@[^\s@.\u0000-\u001f]+(\.[^\s@.\u0000-\u001f]+)+(?!\n)$"
SLUG: Final = r"^[a-z0-9][a-z0-9_-]{0,49}(?!\n)$"

Id = (
    Annotated[int, Meta(ge=1, le=ID_MAX)]
    | Annotated[str, Meta(pattern=r"^[1-9][0-9]{0,15}(?!\n)$", examples=["1"])]
)
Name = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=NAME_CHARS_MAX,
        pattern=_TEXT,
        description=f"A name: 1 to {NAME_CHARS_MAX} characters without control characters; spaces around "
        "it are cut off.",
        examples=["Movie XYZ"],
    ),
]
Email = Annotated[
    str,
    Meta(
        max_length=EMAIL_CHARS_MAX,
        pattern=_EMAIL,
        description=f"An e-mail address such as john@example.com, at most {EMAIL_CHARS_MAX} characters.",
        examples=["john@example.com"],
    ),
]
Reason = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=REASON_CHARS_MAX,
        pattern=_TEXT,
        description=f"The reason: 1 to {REASON_CHARS_MAX} characters without control characters.",
        examples=["Payment was declined"],
    ),
]
StartTime = Annotated[
    datetime,
    Meta(
        tz=True,
        description="When it starts: a date and time as in RFC 3339 with an offset, such as "
        "2030-12-15T18:30:00Z.",
        examples=["2030-12-15T18:30:00Z"],
    ),
]
TotalSeats = Annotated[
    int,
    Meta(
        ge=1,
        le=SEATS_PER_SHOW_MAX,
        description=f"How many seats the show has: an integer from 1 to {SEATS_PER_SHOW_MAX}.",
        examples=[100],
    ),
]
ShowType = Annotated[
    str,
    Meta(
        pattern=SLUG,
        description="What kind of show it is: 1 to 50 of a-z, 0-9, - and _, such as movie, bus or doctor.",
        examples=["movie"],
    ),
]
SeatNumbers = Annotated[
    list[Annotated[int, Meta(ge=1, le=SEATS_PER_SHOW_MAX)]],
    Meta(
        min_length=1,
        max_length=SEATS_PER_BOOKING_MAX,
        description=f"Exactly these seats, all or none: 1 to {SEATS_PER_BOOKING_MAX} different numbers, "
        f"each an integer from 1 to {SEATS_PER_SHOW_MAX}.",
        extra_json_schema={"uniqueItems": True},
        examples=[[4, 5]],
    ),
]


class _Body(Struct, forbid_unknown_fields=True, kw_only=True):
    """Fields that we do not know are refused: a typing error must not book other seats."""


class NewShow(_Body):
    """A show to open."""

    name: Name
    start_time: StartTime
    total_seats: TotalSeats
    show_type: ShowType = "show"

    def command(self, actor: str, key: str | None) -> CreateShow:
        """Raises ``InvalidInput``."""
        return CreateShow(
            actor=actor,
            idempotency_key=key,
            name=self.name.strip(),
            start_time=in_utc(self.start_time, "start_time"),
            total_seats=self.total_seats,
            show_type=self.show_type,
        )


class ShowChanges(_Body):
    """What to change of a show; what is not given stays as it is."""

    name: Name | UnsetType = UNSET
    start_time: StartTime | UnsetType = UNSET
    total_seats: TotalSeats | UnsetType = UNSET
    show_type: ShowType | UnsetType = UNSET

    def command(self, actor: str, key: str | None, show_id: int, expected_seq: int | None) -> UpdateShow:
        """Raises ``InvalidInput``."""
        _at_least_one(self)
        start_time = self.start_time
        return UpdateShow(
            actor=actor,
            idempotency_key=key,
            show_id=show_id,
            name=_trimmed(self.name),
            start_time=UNSET if start_time is UNSET else in_utc(start_time, "start_time"),
            total_seats=self.total_seats,
            show_type=self.show_type,
            expected_seq=expected_seq,
        )


class NewUser(_Body):
    """A user to register, or to find by the e-mail address."""

    name: Name
    email: Email

    def command(self, actor: str, key: str | None) -> CreateUser:
        return CreateUser(actor=actor, idempotency_key=key, name=self.name.strip(), email=self.email)


class UserChanges(_Body):
    """What to change of a user; what is not given stays as it is."""

    name: Name | UnsetType = UNSET
    email: Email | UnsetType = UNSET

    def command(self, actor: str, key: str | None, user_id: int) -> UpdateUser:
        """Raises ``InvalidInput``."""
        _at_least_one(self)
        name = _trimmed(self.name)
        return UpdateUser(actor=actor, idempotency_key=key, user_id=user_id, name=name, email=self.email)


class NewBooking(_Body):
    """Seats to book. One of ``seats_booked`` and ``seat_numbers`` is needed; with both they must agree."""

    user_id: Annotated[Id, Meta(description="Who books: the user's id, an integer from 1 on.", examples=[1])]
    show_id: Annotated[Id, Meta(description="In which show: its id, an integer from 1 on.", examples=[1])]
    seats_booked: (
        Annotated[
            int,
            Meta(
                ge=1,
                le=SEATS_PER_BOOKING_MAX,
                description="How many seats, picked together where that is possible: an integer from 1 to "
                f"{SEATS_PER_BOOKING_MAX}.",
                examples=[3],
            ),
        ]
        | UnsetType
    ) = UNSET
    seat_numbers: SeatNumbers | UnsetType = UNSET
    status: Annotated[
        Literal["CONFIRMED", "PENDING"],
        Meta(description="CONFIRMED sells the seats at once, PENDING holds them until they are confirmed."),
    ] = "CONFIRMED"
    hold_seconds: (
        Annotated[
            float,
            Meta(
                ge=HOLD_SECONDS_MIN,
                description="How long a hold lasts, in seconds, fractions allowed; only with status PENDING. "
                "Without it: the longest time, which is a setting of the server.",
                examples=[120],
            ),
        ]
        | UnsetType
    ) = UNSET

    def command(self, actor: str, key: str | None, hold_seconds_max: float) -> BookSeats:
        """Raises ``InvalidInput``."""
        seats = None if self.seat_numbers is UNSET else distinct(self.seat_numbers)
        return BookSeats(
            actor=actor,
            idempotency_key=key,
            show_id=int(self.show_id),
            user_id=int(self.user_id),
            seat_count=self._seat_count(seats),
            seat_numbers=seats,
            hold_seconds=self._hold_seconds(hold_seconds_max),
        )

    def _seat_count(self, seats: tuple[int, ...] | None) -> int:
        if self.seats_booked is UNSET and seats is None:
            raise invalid_field("seats_booked", "seats_booked or seat_numbers", "Both are missing")
        if self.seats_booked is UNSET:
            return len(seats or ())
        if seats is not None and len(seats) != self.seats_booked:
            problem = f"seats_booked is {self.seats_booked}, and seat_numbers has {len(seats)}"
            raise invalid_field("seats_booked", "as many as seat_numbers has, or no seats_booked", problem)
        return self.seats_booked

    def _hold_seconds(self, longest: float) -> float | None:
        if self.status == "CONFIRMED":
            if self.hold_seconds is not UNSET:
                expected = "hold_seconds only with the status PENDING"
                raise invalid_field("hold_seconds", expected, "The status is CONFIRMED")
            return None
        if self.hold_seconds is UNSET:
            return longest
        if self.hold_seconds > longest:
            expected = f"at most {longest:g} seconds"
            raise invalid_field("hold_seconds", expected, f"{self.hold_seconds:g} is too long")
        return self.hold_seconds


class Failure(_Body):
    """Why a hold failed."""

    reason: Reason | UnsetType = UNSET

    def command(self, actor: str, key: str | None, booking_id: int) -> FailBooking:
        reason = None if self.reason is UNSET else self.reason.strip()
        return FailBooking(
            actor=actor,
            idempotency_key=key,
            show_id=show_of(booking_id),
            booking_id=booking_id,
            reason=reason,
        )


class ForcedCancel(_Body):
    """Why a booking is cancelled for its owner."""

    reason: Reason

    def command(self, actor: str, key: str | None, booking_id: int) -> CancelBooking:
        return CancelBooking(
            actor=actor,
            idempotency_key=key,
            show_id=show_of(booking_id),
            booking_id=booking_id,
            reason=self.reason.strip(),
        )


class SeatsToBlock(_Body):
    """Free seats to keep for the house."""

    seat_numbers: SeatNumbers
    reason: Reason

    def command(self, actor: str, key: str | None, show_id: int) -> BlockSeats:
        """Raises ``InvalidInput``."""
        return BlockSeats(
            actor=actor,
            idempotency_key=key,
            show_id=show_id,
            seat_numbers=distinct(self.seat_numbers),
            reason=self.reason.strip(),
        )


class SeatsToUnblock(_Body):
    """Blocked seats to give back to sale."""

    seat_numbers: SeatNumbers
    reason: Reason | UnsetType = UNSET

    def command(self, actor: str, key: str | None, show_id: int) -> UnblockSeats:
        """Raises ``InvalidInput``."""
        return UnblockSeats(
            actor=actor,
            idempotency_key=key,
            show_id=show_id,
            seat_numbers=distinct(self.seat_numbers),
            reason=None if self.reason is UNSET else self.reason.strip(),
        )


def confirm_command(actor: str, key: str | None, booking_id: int, late: LateConfirm) -> ConfirmBooking:
    """To confirm a hold; it takes no body."""
    show_id = show_of(booking_id)
    return ConfirmBooking(actor=actor, idempotency_key=key, show_id=show_id, booking_id=booking_id, late=late)


def cancel_command(actor: str, key: str | None, booking_id: int) -> CancelBooking:
    """To cancel a booking; it takes no body."""
    return CancelBooking(actor=actor, idempotency_key=key, show_id=show_of(booking_id), booking_id=booking_id)


def show_of(booking_id: int) -> int:
    """The show that a booking's id carries."""
    return booking_id >> BOOKING_NUMBER_BITS


def in_utc(moment: datetime, path: str, place: Place = "body") -> datetime:
    """The same moment in UTC. Raises ``InvalidInput`` where the calendar ends."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise invalid_field(
            path, "a moment within the years 1 to 9999 of UTC", "Out of range", place
        ) from None


def instant(text: str | None, parameter: str) -> datetime | None:
    """A moment from a query parameter, in UTC. Raises ``InvalidInput``.

    Not left to the framework, which would take a bare number for a Unix time.
    """
    if text is None:
        return None
    try:
        moment = msgspec.convert(text, Annotated[datetime, Meta(tz=True)])
    except msgspec.ValidationError as error:
        expected = "a date and time with an offset (RFC 3339), such as 2030-01-01T00:00:00Z; + is written %2B"
        raise invalid_field(parameter, expected, str(error), "query") from None
    return in_utc(moment, parameter, "query")


def distinct(seat_numbers: list[int]) -> tuple[int, ...]:
    """The seat numbers as they were given. Raises ``InvalidInput`` when one comes twice."""
    if len(set(seat_numbers)) != len(seat_numbers):
        twice = next(seat for i, seat in enumerate(seat_numbers) if seat in seat_numbers[:i])
        raise invalid_field("seat_numbers", "different seat numbers", f"Seat {twice} comes twice")
    return tuple(seat_numbers)


def _trimmed(name: str | UnsetType) -> str | UnsetType:
    return UNSET if name is UNSET else name.strip()


def _at_least_one(body: _Body) -> None:
    fields: dict[str, Any] = {name: getattr(body, name) for name in body.__struct_fields__}
    if all(value is UNSET for value in fields.values()):
        raise invalid_field("", f"at least one of: {', '.join(fields)}", "Nothing is to be changed")
