"""The request bodies: what clients may send, checked in one strict pass, and turned into commands.

The ``description`` of a field is what the API page says about it and what an error says was expected.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Final, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from boxoffice.access.callers import Forbidden
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.commands import (
    BlockSeats,
    BookSeats,
    CancelBooking,
    CreateShow,
    CreateUser,
    ExtendHold,
    FailBooking,
    UnblockSeats,
    UpdateShow,
    UpdateUser,
)
from boxoffice.vocabulary.outcomes import RefusalCode, Refused
from boxoffice.web.http.bodiless import show_of
from boxoffice.web.http.caller import Access, Asking
from boxoffice.web.http.fields import (
    Email,
    HoldSeconds,
    Id,
    Name,
    Reason,
    SeatNumbers,
    ShowType,
    StartTime,
    TotalSeats,
)
from boxoffice.web.http.invalid import Place, invalid_field
from boxoffice.web.http.problems import Refusal

_BOOKER: Final = "Who books: the user's id, an integer from 1 on. A customer may leave it away."


class _Body(Struct, forbid_unknown_fields=True, kw_only=True):
    """Fields that we do not know are refused: a typing error must not book other seats."""

    together: ClassVar[dict[str, Any]] = {}
    """What JSON Schema can say about the fields together, for the description of the API."""


class NewShow(_Body):
    """A show to open."""

    name: Name
    start_time: StartTime
    total_seats: TotalSeats
    show_type: ShowType = "show"

    def command(self, who: Asking) -> CreateShow:
        """Raises ``InvalidInput``."""
        return CreateShow(
            actor=who.actor,
            idempotency_key=who.key,
            origin=who.origin,
            name=self.name.strip(),
            start_time=in_utc(self.start_time, "start_time"),
            total_seats=self.total_seats,
            show_type=self.show_type,
        )


class ShowChanges(_Body):
    """What to change of a show; what is not given stays as it is."""

    together: ClassVar[dict[str, Any]] = {"minProperties": 1}

    name: Name | UnsetType = UNSET
    start_time: StartTime | UnsetType = UNSET
    total_seats: TotalSeats | UnsetType = UNSET
    show_type: ShowType | UnsetType = UNSET

    def command(self, who: Asking, show_id: int, expected_seq: int | None) -> UpdateShow:
        """Raises ``InvalidInput``."""
        _at_least_one(self)
        start_time = self.start_time
        return UpdateShow(
            actor=who.actor,
            idempotency_key=who.key,
            origin=who.origin,
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

    def command(self, who: Asking) -> CreateUser:
        return CreateUser(
            actor=who.actor,
            idempotency_key=who.key,
            origin=who.origin,
            name=self.name.strip(),
            email=self.email,
        )


class UserChanges(_Body):
    """What to change of a user; what is not given stays as it is."""

    together: ClassVar[dict[str, Any]] = {"minProperties": 1}

    name: Name | UnsetType = UNSET
    email: Email | UnsetType = UNSET

    def command(self, who: Asking, user_id: int) -> UpdateUser:
        """Raises ``InvalidInput``."""
        _at_least_one(self)
        name = _trimmed(self.name)
        return UpdateUser(
            actor=who.actor,
            idempotency_key=who.key,
            origin=who.origin,
            user_id=user_id,
            name=name,
            email=self.email,
        )


class NewBooking(_Body, kw_only=True):
    """Seats to book. One of ``seats_booked`` and ``seat_numbers`` is needed; with both they must agree."""

    together: ClassVar[dict[str, Any]] = {
        "anyOf": [{"required": ["seats_booked"]}, {"required": ["seat_numbers"]}],
        "dependentSchemas": {
            "hold_seconds": {"properties": {"status": {"const": "PENDING"}}, "required": ["status"]}
        },
    }

    user_id: Annotated[Id | UnsetType, Meta(description=_BOOKER, examples=[1])] = UNSET
    show_id: Annotated[Id, Meta(description="In which show: its id, an integer from 1 on.", examples=[1])]
    seats_booked: (
        Annotated[
            int,
            Meta(
                ge=1,
                le=limits.SEATS_PER_BOOKING_MAX,
                description="How many seats, picked together where that is possible: an integer from 1 to "
                f"{limits.SEATS_PER_BOOKING_MAX}.",
                examples=[3],
            ),
        ]
        | UnsetType
    ) = UNSET
    seat_numbers: SeatNumbers | UnsetType = UNSET
    status: Annotated[
        Literal["CONFIRMED", "PENDING"],
        Meta(
            description="CONFIRMED sells the seats at once, PENDING holds them until they are confirmed. "
            "Whether customers may sell to themselves is a setting of the server."
        ),
    ] = "CONFIRMED"
    hold_seconds: HoldSeconds | UnsetType = UNSET

    def command(self, access: Access, key: str | None) -> BookSeats:
        """Raises ``InvalidInput``, ``Forbidden``, and ``Refusal`` for a show that is hidden."""
        seats = None if self.seat_numbers is UNSET else distinct(self.seat_numbers)
        terms, show_id = access.terms, int(self.show_id)
        command = BookSeats(
            actor=access.caller.actor,
            idempotency_key=key,
            origin=access.origin,
            show_id=show_id,
            user_id=self._user_id(access.owner_id),
            seat_count=self._seat_count(seats, terms.seats_max),
            seat_numbers=seats,
            hold_seconds=self._hold_seconds(terms.hold_seconds_max),
            caps=terms.caps,
        )
        if not access.caller.reaches(show_id):
            raise Refusal(Refused(RefusalCode.SHOW_NOT_FOUND))
        if command.hold_seconds is None and not terms.sells:
            raise Forbidden("Customers hold seats, with the status PENDING; they are sold after the payment.")
        return command

    def _user_id(self, owner_id: int | None) -> int:
        if self.user_id is UNSET:
            if owner_id is None:
                raise invalid_field("user_id", _BOOKER, "Missing")
            return owner_id
        if owner_id not in (None, int(self.user_id)):
            raise Forbidden("Customers book for themselves only: leave user_id away.")
        return int(self.user_id)

    def _seat_count(self, seats: tuple[int, ...] | None, most: int) -> int:
        if self.seats_booked is UNSET and seats is None:
            raise invalid_field("seats_booked", "seats_booked or seat_numbers", "Both are missing")
        if self.seats_booked is not UNSET and seats is not None and len(seats) != self.seats_booked:
            problem = f"seats_booked is {self.seats_booked}, and seat_numbers has {len(seats)}"
            raise invalid_field("seats_booked", "as many as seat_numbers has, or no seats_booked", problem)
        count = len(seats or ()) if self.seats_booked is UNSET else self.seats_booked
        if count > most:
            path = "seats_booked" if seats is None else "seat_numbers"
            raise invalid_field(path, f"at most {most} seats", f"{count} are too many")
        return count

    def _hold_seconds(self, longest: float) -> float | None:
        if self.status == "CONFIRMED":
            if self.hold_seconds is not UNSET:
                expected = "hold_seconds only with the status PENDING"
                raise invalid_field("hold_seconds", expected, "The status is CONFIRMED")
            return None
        return _within(self.hold_seconds, longest)


class Extension(_Body):
    """How much longer a hold shall last."""

    hold_seconds: HoldSeconds | UnsetType = UNSET

    def command(self, access: Access, key: str | None, booking_id: int) -> ExtendHold:
        """Raises ``InvalidInput``."""
        return ExtendHold(
            actor=access.caller.actor,
            idempotency_key=key,
            origin=access.origin,
            show_id=show_of(booking_id),
            booking_id=booking_id,
            owner_id=access.owner_id,
            hold_seconds=_within(self.hold_seconds, access.terms.hold_seconds_max),
            lifetime_seconds_max=access.terms.lifetime_seconds_max,
        )


class Failure(_Body):
    """Why a hold failed."""

    reason: Reason | UnsetType = UNSET

    def command(self, who: Asking, booking_id: int) -> FailBooking:
        reason = None if self.reason is UNSET else self.reason.strip()
        return FailBooking(
            actor=who.actor,
            idempotency_key=who.key,
            origin=who.origin,
            show_id=show_of(booking_id),
            booking_id=booking_id,
            owner_id=who.owner_id,
            reason=reason,
        )


class ForcedCancel(_Body):
    """Why a booking is cancelled for its owner."""

    reason: Reason

    def command(self, who: Asking, booking_id: int) -> CancelBooking:
        return CancelBooking(
            actor=who.actor,
            idempotency_key=who.key,
            origin=who.origin,
            show_id=show_of(booking_id),
            booking_id=booking_id,
            owner_id=who.owner_id,
            reason=self.reason.strip(),
        )


class SeatsToBlock(_Body):
    """Free seats to keep for the house."""

    seat_numbers: SeatNumbers
    reason: Reason

    def command(self, who: Asking, show_id: int) -> BlockSeats:
        """Raises ``InvalidInput``."""
        return BlockSeats(
            actor=who.actor,
            idempotency_key=who.key,
            origin=who.origin,
            show_id=show_id,
            seat_numbers=distinct(self.seat_numbers),
            reason=self.reason.strip(),
        )


class SeatsToUnblock(_Body):
    """Blocked seats to give back to sale."""

    seat_numbers: SeatNumbers
    reason: Reason | UnsetType = UNSET

    def command(self, who: Asking, show_id: int) -> UnblockSeats:
        """Raises ``InvalidInput``."""
        return UnblockSeats(
            actor=who.actor,
            idempotency_key=who.key,
            origin=who.origin,
            show_id=show_id,
            seat_numbers=distinct(self.seat_numbers),
            reason=None if self.reason is UNSET else self.reason.strip(),
        )


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


def _within(hold_seconds: float | UnsetType, longest: float) -> float:
    if hold_seconds is UNSET:
        return longest
    if hold_seconds > longest:
        raise invalid_field("hold_seconds", f"at most {longest:g} seconds", f"{hold_seconds:g} is too long")
    return hold_seconds


def _trimmed(name: str | UnsetType) -> str | UnsetType:
    return UNSET if name is UNSET else name.strip()


def _at_least_one(body: _Body) -> None:
    fields: dict[str, Any] = {name: getattr(body, name) for name in body.__struct_fields__}
    if all(value is UNSET for value in fields.values()):
        raise invalid_field("", f"at least one of: {', '.join(fields)}", "Nothing is to be changed")
